//! The rounding of some rows of a weight matrix, by gradient descent.
//!
//! Each weight has a variable `v`; `h(v)`, the rectified sigmoid, is 0 for the level below and 1 for the one above, and lies between
//! while learning. A regulariser pushes it to the ends, gently at first and then with a steep potential.

use crate::graph::Clamp;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, ArrayView2, Zip, s};

/// Ends of the stretched sigmoid, of which 0 to 1 is used.
const STRETCH: [f32; 2] = [-0.1, 1.1];
/// Rows of the inputs in one step.
const BATCH: usize = 256;
/// Share of the steps in which nothing pushes yet.
const FREE: f32 = 0.2;
/// Exponents of the potential, from the first to the last step in which it pushes.
const EXPONENTS: [f32; 2] = [20.0, 2.0];
/// What the potential counts beside the error; the error of nearest rounding is 1.
const PUSH: f32 = 0.5;
/// Adam's rate, decays and least divisor.
const RATE: f32 = 0.02;
const DECAYS: [f32; 2] = [0.9, 0.999];
const LEAST: f32 = 1e-10;

/// Rows that have the same inputs.
pub(super) struct Problem<'a> {
    pub weights: ArrayView2<'a, f32>,
    /// The real value of the number 1, by row.
    pub steps: &'a [f32],
    /// Numbers below and above each weight.
    pub levels: [Array2<i8>; 2],
    /// Nearest numbers.
    pub nearest: ArrayView2<'a, i8>,
    /// A row for each sample.
    pub inputs: ArrayView2<'a, f32>,
    /// What should come out, after the clamp: a row for each sample.
    pub targets: ArrayView2<'a, f32>,
    pub bias: ArrayView1<'a, f32>,
    pub clamp: Clamp,
}

impl Problem<'_> {
    /// The numbers, row by row; a row that learning did not improve has its nearest ones.
    pub fn solve(&self, iterations: usize) -> Vec<i8> {
        let real = |numbers: ArrayView2<'_, i8>| {
            Array2::from_shape_fn(numbers.dim(), |at| f32::from(numbers[at]) * self.steps[at.0])
        };
        let before = self.errors(&real(self.nearest));
        let total: f64 = before.iter().sum();
        let mut numbers = self.nearest.to_owned();
        if total > 0.0 && total.is_finite() {
            let up = self.learn(
                &real(self.levels[0].view()),
                &real(self.levels[1].view()),
                total as f32,
                iterations,
            );
            let learned = Zip::from(&up).and(&self.levels[0]).and(&self.levels[1]);
            let learned = learned.map_collect(|&up, &below, &above| if up { above } else { below });
            let after = self.errors(&real(learned.view()));
            for (row, _) in
                before.iter().zip(&after).enumerate().filter(|(_, (before, after))| after < before)
            {
                numbers.row_mut(row).assign(&learned.row(row));
            }
        }
        numbers.into_iter().collect()
    }

    /// Which weights are rounded up.
    fn learn(&self, below: &Array2<f32>, above: &Array2<f32>, scale: f32, iterations: usize) -> Array2<bool> {
        let width = above - below;
        let share = Zip::from(&self.weights).and(below).and(&width);
        let mut variables =
            share.map_collect(|&w, &b, &width| start(if width > 0.0 { (w - b) / width } else { 0.0 }));
        let mut moments = [Array2::<f32>::zeros(width.dim()), Array2::zeros(width.dim())];
        let mut gradient = Array2::zeros(width.dim());
        let push = PUSH / width.len() as f32;
        let samples = self.inputs.nrows();
        let batch = BATCH.min(samples);
        for step in 0..iterations {
            let first = step * batch % (samples - batch + 1).max(1);
            let rows = s![first..first + batch, ..];
            let mut errors =
                self.outputs(&(below + &(&width * &variables.mapv(gate))), self.inputs.slice(rows));
            Zip::from(&mut errors).and(self.targets.slice(rows)).for_each(|value, &target| {
                let clamped = self.clamp.apply(*value);
                // Where the clamp holds, a small change does nothing.
                *value = if clamped == *value { clamped - target } else { 0.0 };
            });
            // Of the mean error of all samples, in units of that of nearest rounding.
            let factor = 2.0 / scale * samples as f32 / batch as f32;
            general_mat_mul(factor, &errors.t(), &self.inputs.slice(rows), 0.0, &mut gradient);
            let done = step as f32 / iterations as f32;
            let exponent = (done >= FREE).then(|| {
                let through = (done - FREE) / (1.0 - FREE);
                (EXPONENTS[0] + (EXPONENTS[1] - EXPONENTS[0]) * through).round()
            });
            let corrections = DECAYS.map(|decay| 1.0 - decay.powi(step as i32 + 1));
            let [first_moments, second_moments] = &mut moments;
            Zip::from(&mut variables)
                .and(first_moments)
                .and(second_moments)
                .and(&gradient)
                .and(&width)
                .for_each(|v, m, n, &error, &width| {
                    let side = 2.0 * gate(*v) - 1.0;
                    let pushed = exponent.map_or(0.0, |exponent| {
                        -2.0 * push * exponent * side.abs().powi(exponent as i32 - 1) * side.signum()
                    });
                    let slope = (error * width + pushed) * gate_slope(*v);
                    *m = DECAYS[0] * *m + (1.0 - DECAYS[0]) * slope;
                    *n = DECAYS[1] * *n + (1.0 - DECAYS[1]) * slope * slope;
                    *v -= RATE * (*m / corrections[0]) / ((*n / corrections[1]).sqrt() + LEAST);
                });
        }
        Zip::from(&variables).and(&width).map_collect(|&v, &width| width > 0.0 && gate(v) >= 0.5)
    }

    /// Before the clamp.
    fn outputs(&self, weights: &Array2<f32>, inputs: ArrayView2<'_, f32>) -> Array2<f32> {
        inputs.dot(&weights.t()) + self.bias
    }

    /// Squared error of each row over all samples.
    fn errors(&self, weights: &Array2<f32>) -> Vec<f64> {
        let mut errors = self.outputs(weights, self.inputs);
        Zip::from(&mut errors).and(&self.targets).for_each(|value, &target| {
            *value = self.clamp.apply(*value) - target;
        });
        errors.columns().into_iter().map(|row| row.iter().map(|&e| f64::from(e).powi(2)).sum()).collect()
    }
}

fn sigmoid(v: f32) -> f32 {
    1.0 / (1.0 + (-v).exp())
}

/// The rectified sigmoid.
fn gate(v: f32) -> f32 {
    (sigmoid(v) * (STRETCH[1] - STRETCH[0]) + STRETCH[0]).clamp(0.0, 1.0)
}

fn gate_slope(v: f32) -> f32 {
    let sigmoid = sigmoid(v);
    let inside = (0.0..=1.0).contains(&(sigmoid * (STRETCH[1] - STRETCH[0]) + STRETCH[0]));
    if inside { (STRETCH[1] - STRETCH[0]) * sigmoid * (1.0 - sigmoid) } else { 0.0 }
}

/// The variable whose gate is `share`.
fn start(share: f32) -> f32 {
    let sigmoid = (share.clamp(0.0, 1.0) - STRETCH[0]) / (STRETCH[1] - STRETCH[0]);
    (sigmoid / (1.0 - sigmoid)).ln()
}
