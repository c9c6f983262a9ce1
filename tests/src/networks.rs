//! Random networks of layers of all kinds, as chains and with branches.

use crate::random::Random;
use pleach_spec::Config;
use pleach_spec::network::{
    Conv, ConvGeometry, Interpolation, Kind, Layer, MapShape, Network, Pool, Sampling, Tensor,
};
use pleach_spec::numerics::Quantization;

/// How large a network becomes.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Layers.
    pub layers: usize,
    /// Most channels of a map.
    pub channels: usize,
    /// Largest height and width of the input.
    pub side: usize,
}

/// A configuration with small memories, so that maps are cut into strips and words come and go.
pub fn small_config(random: &mut Random) -> Config {
    let rows = [4, 8, 16][random.below(3)];
    Config {
        rows,
        columns: [4, 8, 16, 32][random.below(4)],
        window: [16, 32][random.below(2)],
        chunk: [8, 16][random.below(2)],
        activation_depth: [64, 128, 512][random.below(3)],
        word_depth: [512, 1024, 4096][random.below(3)],
        load_depth: [256, 1024][random.below(2)],
        pass_depth: [16, 64, 256][random.below(3)],
        ..Config::resolve("mini").expect("built in")
    }
}

/// A network. Its outputs are the maps that no layer reads.
pub fn network(size: Size, random: &mut Random) -> Network {
    let shape = MapShape {
        channels: 1 + random.below(size.channels),
        height: 1 + random.below(size.side),
        width: 1 + random.below(size.side),
    };
    let mut builder = Builder { random, size, tensors: Vec::new(), layers: Vec::new() };
    builder.tensor(shape, None);
    while builder.layers.len() < size.layers {
        builder.layer();
    }
    let Builder { tensors, layers, .. } = builder;
    let read = |tensor: &usize| layers.iter().any(|layer| layer.inputs.contains(tensor));
    let outputs = (1..tensors.len()).filter(|tensor| !read(tensor)).collect();
    Network { name: "random".into(), tensors, layers, input: 0, outputs }
}

struct Builder<'a> {
    random: &'a mut Random,
    size: Size,
    tensors: Vec<Tensor>,
    layers: Vec<Layer>,
}

impl Builder<'_> {
    fn tensor(&mut self, shape: MapShape, quantization: Option<Quantization>) -> usize {
        let scale = 0.02 + self.random.below(100) as f32 / 1000.0;
        let random = Quantization { scale, zero_point: self.random.byte() };
        let quantization = quantization.unwrap_or(random);
        self.tensors.push(Tensor { name: format!("t{}", self.tensors.len()), shape, quantization });
        self.tensors.len() - 1
    }

    fn add(&mut self, op: &str, inputs: Vec<usize>, output: usize, kind: Kind) {
        let name = format!("{op}{}", self.layers.len());
        self.layers.push(Layer { name, op: op.into(), inputs, output, kind });
    }

    /// A tensor to read: a late one, more often than not.
    fn pick(&mut self) -> usize {
        let last = self.tensors.len() - 1;
        if self.random.percent(70) { last } else { self.random.below(last + 1) }
    }

    fn layer(&mut self) {
        let x = self.pick();
        match self.random.below(13) {
            0..=3 => self.conv(x),
            4 => self.pool(x),
            5 | 6 => self.addition(x),
            7 | 8 => self.channels(x),
            9 => self.resize(x),
            10 => self.scale(x),
            11 => self.interpolate(x),
            _ => self.unary(x),
        }
    }

    /// Kernel, stride, dilation, pads and output size of a window on a map.
    fn window(&mut self, shape: MapShape) -> Option<(Pool, [usize; 2])> {
        let size = [shape.height, shape.width];
        let same = self.random.percent(40);
        let kernel: [usize; 2] = std::array::from_fn(|axis| match self.random.below(12) {
            0 => size[axis].min(8),
            1 => 1 + self.random.below(11),
            _ => [1, 3][self.random.below(2)],
        });
        let stride = match self.random.below(3) {
            _ if same => [1, 1],
            0 => [1 + self.random.below(4), 1 + self.random.below(4)],
            1 => [2, 2],
            _ => [1, 1],
        };
        let dilation = if self.random.percent(15) { [2, 1 + self.random.below(3)] } else { [1, 1] };
        let pads = std::array::from_fn(|side| match same {
            true => (kernel[side % 2] - 1) * dilation[side % 2] / 2,
            false => self.random.below(kernel[side % 2]),
        });
        let pool = Pool { kernel, stride, dilation, pads };
        let output = pool.output(size)?;
        Some((pool, output))
    }

    fn conv(&mut self, x: usize) {
        let shape = self.tensors[x].shape;
        let Some((window, [height, width])) = self.window(shape) else { return };
        let depthwise = self.random.percent(25);
        let (groups, channels) = if depthwise {
            (shape.channels, shape.channels * (1 + self.random.below(2)))
        } else if shape.channels.is_multiple_of(2) && self.random.percent(20) {
            (2, 2 * (1 + self.random.below(self.size.channels.div_ceil(2))))
        } else {
            (1, 1 + self.random.below(self.size.channels))
        };
        let Pool { kernel, stride, dilation, pads } = window;
        let density = [100, 98, 30, 5][self.random.below(4)];
        let each = shape.channels / groups * kernel[0] * kernel[1];
        let mut weight = || match self.random.percent(density) {
            true => self.random.of(1..=60) as i8 * [-1, 1][self.random.below(2)],
            false => 0,
        };
        let weights = (0..channels * each).map(|_| weight()).collect();
        let mut channel_order: Vec<u32> = Vec::new();
        if self.random.percent(30) {
            channel_order = (0..channels as u32).collect();
            channel_order.sort_by_cached_key(|_| self.random.bits());
        }
        let conv = Conv {
            geometry: ConvGeometry { kernel, stride, dilation, pads, groups },
            weights,
            weight_scales: (0..channels).map(|_| 0.001 + self.random.below(30) as f32 / 10_000.0).collect(),
            bias: (0..channels).map(|_| self.random.of(-3000..=3000)).collect(),
            clamp: if self.random.percent(50) { [-20, 127] } else { [-128, 127] },
            channel_order,
        };
        let output = self.tensor(MapShape { channels, height, width }, None);
        self.add("Conv", vec![x], output, Kind::Conv(conv));
    }

    fn pool(&mut self, x: usize) {
        let shape = self.tensors[x].shape;
        let Some((mut pool, [mut height, mut width])) = self.window(shape) else { return };
        if self.random.percent(25) {
            pool = Pool::global([shape.height, shape.width]);
            (height, width) = (1, 1);
        } else if self.random.percent(30) {
            // What `ceil_mode` may add.
            height += usize::from(pool.stride[0] > 1);
            width += usize::from(pool.stride[1] > 1);
        }
        let q = self.tensors[x].quantization;
        let output = MapShape { height, width, ..shape };
        if self.random.percent(50) {
            let output = self.tensor(output, Some(q));
            self.add("MaxPool", vec![x], output, Kind::MaxPool(pool));
        } else {
            let output = self.tensor(output, None);
            let count_include_pad = self.random.percent(50);
            self.add("AveragePool", vec![x], output, Kind::AveragePool { pool, count_include_pad });
        }
    }

    fn addition(&mut self, x: usize) {
        let shape = self.tensors[x].shape;
        let others: Vec<usize> =
            (0..self.tensors.len()).filter(|&t| self.tensors[t].shape == shape).collect();
        let other = others[self.random.below(others.len())];
        let inputs = if self.random.percent(50) { vec![x, other] } else { vec![other, x] };
        let output = self.tensor(shape, None);
        let clamp = if self.random.percent(50) { [-10, 127] } else { [-128, 127] };
        self.add("Add", inputs, output, Kind::Add { clamp });
    }

    fn channels(&mut self, x: usize) {
        let shape = self.tensors[x].shape;
        let same = |t: &MapShape| (t.height, t.width) == (shape.height, shape.width);
        let others: Vec<usize> = (0..self.tensors.len()).filter(|&t| same(&self.tensors[t].shape)).collect();
        let other = others[self.random.below(others.len())];
        let inputs = if self.random.percent(30) { vec![x] } else { vec![x, other] };
        let all: Vec<[u32; 2]> = inputs
            .iter()
            .enumerate()
            .flat_map(|(n, &t)| (0..self.tensors[t].shape.channels).map(move |c| [n as u32, c as u32]))
            .collect();
        let sources: Vec<[u32; 2]> = match self.random.below(3) {
            0 => all,
            1 => all[self.random.below(all.len())..].to_vec(),
            _ => (0..1 + self.random.below(all.len())).map(|_| all[self.random.below(all.len())]).collect(),
        };
        // Equal scales, so that nothing must be computed, where the inputs have them.
        let quantization = self.tensors[x].quantization;
        if self.random.percent(70) {
            for &input in &inputs {
                let untouched =
                    !self.layers.iter().any(|l| matches!(l.kind, Kind::MaxPool(_) | Kind::Channels { .. }));
                if untouched {
                    self.tensors[input].quantization = quantization;
                }
            }
        }
        let shape = MapShape { channels: sources.len(), ..shape };
        let output = self.tensor(shape, Some(quantization));
        self.add("Concat", inputs, output, Kind::Channels { sources });
    }

    fn resize(&mut self, x: usize) {
        let shape = self.tensors[x].shape;
        let factor = [1 + self.random.below(3), 1 + self.random.below(3)];
        let (height, width) = (shape.height * factor[0], shape.width * factor[1]);
        if height.max(width) > 2 * self.size.side {
            return;
        }
        let q = self.tensors[x].quantization;
        let quantization = self.random.percent(50).then_some(q);
        let output = self.tensor(MapShape { height, width, ..shape }, quantization);
        self.add("Resize", vec![x], output, Kind::Resize { factor });
    }

    /// By a map of one pixel, often one made for it.
    fn scale(&mut self, x: usize) {
        let shape = self.tensors[x].shape;
        let pixel = MapShape { height: 1, width: 1, ..shape };
        let others: Vec<usize> =
            (0..self.tensors.len()).filter(|&t| self.tensors[t].shape == pixel).collect();
        let gate = match others.len() {
            0 => self.squeeze(x),
            _ if self.random.percent(60) => self.squeeze(x),
            count => others[self.random.below(count)],
        };
        // The ends of int8 are zero points of their own kind.
        let zero_point = [-128, 0, self.random.byte()][self.random.below(3)];
        if !self.layers.iter().any(|layer| layer.inputs.contains(&gate)) {
            self.tensors[gate].quantization.zero_point = zero_point;
        }
        let output = self.tensor(shape, None);
        self.add("Mul", vec![x, gate], output, Kind::Scale);
    }

    /// The averages of the channels, through a table.
    fn squeeze(&mut self, x: usize) -> usize {
        let shape = self.tensors[x].shape;
        let pixel = MapShape { height: 1, width: 1, ..shape };
        let average = self.tensor(pixel, None);
        let pool = Pool::global([shape.height, shape.width]);
        let kind = Kind::AveragePool { pool, count_include_pad: false };
        self.add("GlobalAveragePool", vec![x], average, kind);
        self.unary(average);
        self.tensors.len() - 1
    }

    fn interpolate(&mut self, x: usize) {
        let shape = self.tensors[x].shape;
        let factor = [1 + self.random.below(3), 1 + self.random.below(3)];
        let (height, width) = (shape.height * factor[0], shape.width * factor[1]);
        if height.max(width) > 2 * self.size.side {
            return;
        }
        let sampling = [Sampling::HalfPixel, Sampling::Asymmetric][self.random.below(2)];
        let same = self.random.percent(50).then_some(self.tensors[x].quantization);
        let output = self.tensor(MapShape { height, width, ..shape }, same);
        self.add("Resize", vec![x], output, Kind::Interpolate(Interpolation { factor, sampling }));
    }

    fn unary(&mut self, x: usize) {
        let table = (0..256).map(|_| self.random.byte()).collect();
        let output = self.tensor(self.tensors[x].shape, None);
        self.add("Sigmoid", vec![x], output, Kind::Unary { table });
    }
}

/// A map of random bytes.
pub fn random_map(shape: MapShape, random: &mut Random) -> Vec<i8> {
    (0..shape.elements()).map(|_| random.byte()).collect()
}
