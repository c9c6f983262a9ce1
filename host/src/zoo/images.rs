//! Made-up images: waves of several directions, sizes and colours, and a little noise. Smooth as photographs are, so that what the
//! first layers see is not what they would see of noise.

use super::random::Random;
use ndarray::Array3;

/// Waves of one image.
const WAVES: usize = 8;

/// A wave over the image.
struct Wave {
    /// Periods over the height and over the width of the image.
    periods: [f32; 2],
    phase: f32,
    /// Amplitude in each colour.
    colour: [f32; 3],
}

/// Pixels `[3, size, size]` of an image.
pub fn image(size: usize, random: &mut Random) -> Array3<u8> {
    let base: [f32; 3] = std::array::from_fn(|_| random.uniform(70.0, 180.0));
    let waves: Vec<Wave> = (0..WAVES)
        .map(|index| {
            // Each next one is finer and weaker.
            let finest = (1 << (index / 2 + 1)) as f32;
            let strength = 120.0 / (index + 2) as f32;
            Wave {
                periods: std::array::from_fn(|_| random.uniform(-finest, finest)),
                phase: random.uniform(0.0, 1.0),
                colour: std::array::from_fn(|_| random.uniform(-strength, strength)),
            }
        })
        .collect();
    Array3::from_shape_fn((3, size, size), |(channel, y, x)| {
        let at = |wave: &Wave| {
            let [vertical, horizontal] = wave.periods;
            let along = (y as f32 * vertical + x as f32 * horizontal) / size as f32 + wave.phase;
            wave.colour[channel] * parabola(along)
        };
        let value = base[channel] + waves.iter().map(at).sum::<f32>() + random.uniform(-6.0, 6.0);
        value.round().clamp(0.0, 255.0) as u8
    })
}

/// A wave of period 1 between -1 and 1 made of parabolas, which are the same on every machine.
fn parabola(along: f32) -> f32 {
    let t = 2.0 * (along - along.floor()) - 1.0;
    4.0 * t * (1.0 - t.abs())
}
