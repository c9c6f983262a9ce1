//! The lanes: from sums to bytes, sixteen columns at a time.

use super::kernel::{Bytes, COLUMNS, Kernel, Sums};
use pleach_spec::command::Parameter;
use pleach_spec::numerics::{Combine, Multiplier, Requantize};
use pleach_spec::pass::Tables;
use std::sync::Arc;

/// A 64-bit number for each of eight columns.
pub type Wide = [i64; 8];

/// How eight products become bytes.
#[derive(Clone, Copy, Default)]
pub struct Rounding {
    /// Half of the last bit that stays.
    pub half: Wide,
    /// Right shift.
    pub shift: Wide,
    /// The bits that do not stay.
    pub fraction: Wide,
    /// Added after rounding.
    pub zero_point: Wide,
    /// Lower end of the clamp.
    pub low: Wide,
    /// Upper end of the clamp.
    pub high: Wide,
}

impl Rounding {
    fn set(&mut self, column: usize, shift: u8, [zero_point, low, high]: [i8; 3]) {
        self.half[column] = 1 << (shift - 1);
        self.shift[column] = shift.into();
        self.fraction[column] = (1 << shift) - 1;
        self.zero_point[column] = zero_point.into();
        self.low[column] = low.into();
        self.high[column] = high.into();
    }
}

/// What requantizes an operand of sixteen columns.
#[derive(Clone)]
pub struct Lanes {
    columns: [Requantize; COLUMNS],
    bias: [i32; COLUMNS],
    multiplier: [Wide; 2],
    rounding: [Rounding; 2],
    /// The table that bytes go through, of the columns that have one.
    tables: Option<(Arc<Tables>, [Option<u8>; COLUMNS])>,
}

impl Lanes {
    /// Of up to sixteen columns. The shifts must have been checked.
    pub fn new(parameters: &[Parameter], tables: &Arc<Tables>) -> Self {
        let idle = Requantize {
            bias: 0,
            factor: Multiplier { multiplier: 0, shift: 1 },
            zero_point: 0,
            low: 0,
            high: 0,
        };
        let mut columns = [idle; COLUMNS];
        for (column, parameter) in columns.iter_mut().zip(parameters) {
            *column = Requantize::from(*parameter);
        }
        let mut rounding = [Rounding::default(); 2];
        for (column, lane) in columns.iter().enumerate() {
            let ends = [lane.zero_point, lane.low, lane.high];
            rounding[column / 8].set(column % 8, lane.factor.shift, ends);
        }
        let mut used = [None; COLUMNS];
        for (table, parameter) in used.iter_mut().zip(parameters) {
            *table = (parameter.table == 1).then_some(parameter.bank as u8);
        }
        let multiplier = |column: usize| i64::from(columns[column].factor.multiplier);
        Self {
            bias: columns.map(|lane| lane.bias),
            multiplier: std::array::from_fn(|half| {
                std::array::from_fn(|column| multiplier(8 * half + column))
            }),
            rounding,
            columns,
            tables: used.iter().any(Option::is_some).then(|| (tables.clone(), used)),
        }
    }

    /// Each column by itself.
    pub fn columns(&self) -> &[Requantize; COLUMNS] {
        &self.columns
    }

    /// The biases.
    pub fn bias(&self) -> &[i32; COLUMNS] {
        &self.bias
    }

    /// The multipliers, of each half of the columns.
    pub fn multiplier(&self) -> &[Wide; 2] {
        &self.multiplier
    }

    /// What follows the multiplication, of each half of the columns.
    pub fn rounding(&self) -> &[Rounding; 2] {
        &self.rounding
    }

    /// The bytes of the first `pixels` pixels.
    pub fn apply(&self, kernel: Kernel, pixels: usize, sums: &Sums, bytes: &mut Bytes) {
        kernel.requantize(self, pixels, sums, bytes);
        let Some((tables, used)) = &self.tables else { return };
        for bytes in bytes.iter_mut().take(pixels) {
            for (byte, bank) in bytes.iter_mut().zip(used) {
                if let Some(bank) = bank {
                    *byte = tables.0[usize::from(*bank)][usize::from(*byte as u8)];
                }
            }
        }
    }
}

/// What combines two operands, the same for all columns.
#[derive(Clone)]
pub struct Blend {
    combine: Combine,
    rounding: Rounding,
}

impl Blend {
    /// The shift must have been checked.
    pub fn new(combine: Combine) -> Self {
        let mut rounding = Rounding::default();
        for column in 0..8 {
            rounding.set(column, combine.shift, [combine.zero_point, combine.low, combine.high]);
        }
        Self { combine, rounding }
    }

    /// The combination of one column.
    pub fn combine(&self) -> &Combine {
        &self.combine
    }

    /// What follows the sum of the products.
    pub fn rounding(&self) -> &Rounding {
        &self.rounding
    }
}
