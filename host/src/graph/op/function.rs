//! Functions of single values.

use super::Clamp;

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Function {
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `clamp(alpha * x + beta, 0, 1)`.
    HardSigmoid {
        /// Slope.
        alpha: f32,
        /// Value at 0.
        beta: f32,
    },
    /// `x` where it is positive, else `alpha * x`.
    LeakyRelu {
        /// Slope of the negative side.
        alpha: f32,
    },
    /// Hyperbolic tangent.
    Tanh,
    /// Limits.
    Clip(Clamp),
}

/// What [`super::Op::Unary`] applies to each value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unary {
    /// The function `f`.
    pub function: Function,
    /// `x * f(x)` instead of `f(x)`: with the sigmoid SiLU (swish), with the hard sigmoid hard swish.
    pub gated: bool,
}

/// Beyond it a sigmoid is less than half an int8 step of its range away from its limit.
const SIGMOID_LIMIT: f32 = 7.0;
/// The same of the hyperbolic tangent.
const TANH_LIMIT: f32 = 3.5;
/// Below minus this SiLU is less than half of such a step away from 0, if it reaches 1 anywhere.
const SILU_LIMIT: f32 = 8.0;

impl Unary {
    /// `f(x)`.
    pub fn plain(function: Function) -> Self {
        Self { function, gated: false }
    }

    /// `x * f(x)`.
    pub fn gated(function: Function) -> Self {
        Self { function, gated: true }
    }

    /// Name in ONNX's words.
    pub fn name(&self) -> &'static str {
        match (self.function, self.gated) {
            (Function::Sigmoid, false) => "Sigmoid",
            (Function::Sigmoid, true) => "Swish",
            (Function::HardSigmoid { .. }, false) => "HardSigmoid",
            (Function::HardSigmoid { .. }, true) => "HardSwish",
            (Function::LeakyRelu { .. }, _) => "LeakyRelu",
            (Function::Tanh, _) => "Tanh",
            (Function::Clip(_), _) => "Clip",
        }
    }

    /// The result for a value.
    pub fn apply(&self, x: f32) -> f32 {
        let y = match self.function {
            Function::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Function::HardSigmoid { alpha, beta } => (alpha * x + beta).clamp(0.0, 1.0),
            Function::LeakyRelu { alpha } => {
                if x < 0.0 {
                    alpha * x
                } else {
                    x
                }
            }
            Function::Tanh => x.tanh(),
            Function::Clip(clamp) => clamp.apply(x),
        };
        if self.gated { x * y } else { y }
    }

    /// Where the function is more than a constant: outside of it, int8 values see no difference. A tensor that nothing else reads
    /// needs no int8 steps out there.
    pub fn domain(&self) -> [f32; 2] {
        const ALL: [f32; 2] = [f32::NEG_INFINITY, f32::INFINITY];
        match (self.function, self.gated) {
            (Function::Sigmoid, false) => [-SIGMOID_LIMIT, SIGMOID_LIMIT],
            (Function::Sigmoid, true) => [-SILU_LIMIT, f32::INFINITY],
            (Function::HardSigmoid { alpha, beta }, gated) if alpha > 0.0 => {
                [-beta / alpha, if gated { f32::INFINITY } else { (1.0 - beta) / alpha }]
            }
            (Function::Tanh, false) => [-TANH_LIMIT, TANH_LIMIT],
            (Function::Clip(clamp), false) => [clamp.low(), clamp.high()],
            _ => ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARD: Function = Function::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 };

    #[test]
    fn values_worked_out_by_hand() {
        let of = |unary: Unary| [-4.0, -1.0, 0.0, 2.0].map(|x| unary.apply(x));
        let near = |found: [f32; 4], expected: [f32; 4]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
        };
        near(of(Unary::plain(Function::Sigmoid)), [0.017_986_21, 0.268_941_43, 0.5, 0.880_797_1]);
        near(of(Unary::gated(Function::Sigmoid)), [-0.071_944_84, -0.268_941_43, 0.0, 1.761_594_2]);
        near(of(Unary::plain(HARD)), [0.0, 1.0 / 3.0, 0.5, 5.0 / 6.0]);
        near(of(Unary::gated(HARD)), [0.0, -1.0 / 3.0, 0.0, 5.0 / 3.0]);
        near(of(Unary::plain(Function::LeakyRelu { alpha: 0.1 })), [-0.4, -0.1, 0.0, 2.0]);
        near(of(Unary::plain(Function::Tanh)), [-0.999_329_3, -0.761_594_2, 0.0, 0.964_027_6]);
    }

    #[test]
    fn outside_of_its_domain_a_function_is_constant_for_int8() {
        let functions = [Function::Sigmoid, HARD, Function::Tanh, Function::Clip(Clamp::RELU)];
        for unary in
            functions.into_iter().map(Unary::plain).chain([Function::Sigmoid, HARD].map(Unary::gated))
        {
            let [low, high] = unary.domain();
            let step = (unary.apply(high.min(1.0)) - unary.apply(low.max(-1e6))) / 255.0;
            for (end, sign) in [(low, -1.0), (high, 1.0)].into_iter().filter(|(end, _)| end.is_finite()) {
                for beyond in [0.1, 1.0, 100.0] {
                    let change = unary.apply(end + sign * beyond) - unary.apply(end);
                    assert!(change.abs() <= step, "{unary:?} at {end} + {beyond}: {change}");
                }
            }
        }
    }
}
