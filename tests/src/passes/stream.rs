//! Random slot words that keep the rules of the window.

use crate::random::Random;
use pleach_spec::Config;
use pleach_spec::stream::{Control, TAKE_ALL, TAKE_HIGH, TAKE_LOW, TAKE_NONE, Window, WordStream};

/// Words for `loads` vectors, sparse or dense in weights, with maxima, idle words and half vectors.
pub fn sparse(loads: usize, random: &mut Random, config: &Config) -> WordStream {
    let mut stream = WordStream::default();
    let mut window = Window::new(config);
    let density = [5, 30, 60, 100][random.below(4)];
    let maxima = random.percent(30);
    for _ in 0..loads {
        for control in vector_controls(random, config) {
            // `max` is tried on the window first: it needs something there to be compared with.
            let greatest = Control { max: control.take != TAKE_NONE, ..control };
            let allowed =
                maxima && random.percent(60) && window_after(&stream, config).step(greatest).is_ok();
            push(&mut stream, &mut window, if allowed { greatest } else { control }, density, random, config);
        }
    }
    for _ in 0..random.below(4) {
        push(&mut stream, &mut window, Control::default(), density, random, config);
    }
    stream
}

/// Words whose positions and controls need no memory.
pub fn dense(loads: usize, random: &mut Random, config: &Config) -> WordStream {
    let words = 16 * (loads - 1) + 1 + random.below(16);
    let mut stream = WordStream::default();
    for word in 0..words {
        stream.controls.push(Control::implicit(word));
        for _ in 0..config.columns {
            let weight = if random.percent(90) { random.byte() } else { 0 };
            let position = WordStream::implicit_position(word, config);
            stream.weights.push(weight);
            stream.positions.push(if weight == 0 { 0 } else { position });
        }
    }
    stream
}

/// Rounds weights to so few values that they may be stored in 4, 2 or 1 bits. What was 0 stays 0, and nothing else becomes it.
pub fn round(stream: &mut WordStream, random: &mut Random) {
    let values = [1, 3, 15][random.below(3)];
    let values: Vec<i8> = (0..values).map(|_| random.byte() | 1).collect();
    for weight in stream.weights.iter_mut().filter(|weight| **weight != 0) {
        *weight = values[usize::from(*weight as u8) % values.len()];
    }
}

/// The controls of the words that use a vector, the first of which takes something.
fn vector_controls(random: &mut Random, config: &Config) -> Vec<Control> {
    let halves = config.chunks_per_vector() == 2;
    let takes: &[u8] = match random.below(4) {
        0 if halves => &[TAKE_LOW],
        1 if halves => &[TAKE_HIGH],
        2 if halves => &[TAKE_LOW, TAKE_HIGH],
        _ => &[TAKE_ALL],
    };
    let mut controls = Vec::new();
    for &take in takes {
        controls.push(Control { take, pop: false, max: false });
        for _ in 0..random.below(6) {
            controls.push(Control::default());
        }
    }
    let popped = controls.iter().rposition(|control| control.take != TAKE_NONE).expect("something is taken");
    let last = if random.percent(50) { popped } else { controls.len() - 1 };
    controls[last].pop = true;
    controls
}

/// The window after the words so far.
fn window_after<'a>(stream: &WordStream, config: &'a Config) -> Window<'a> {
    let mut window = Window::new(config);
    for &control in &stream.controls {
        window.step(control).expect("the words so far keep the rules");
    }
    window
}

fn push(
    stream: &mut WordStream,
    window: &mut Window,
    control: Control,
    density: u32,
    random: &mut Random,
    config: &Config,
) {
    window.step(control).expect("the rules are kept");
    let written: Vec<u8> = (0..config.window as u8).filter(|&p| window.content(p).is_some()).collect();
    stream.controls.push(control);
    for _ in 0..config.columns {
        let weight = if random.percent(density) { random.byte() } else { 0 };
        stream.weights.push(weight);
        stream.positions.push(if weight == 0 { 0 } else { written[random.below(written.len())] });
    }
}
