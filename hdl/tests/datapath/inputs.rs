//! The inputs of the datapath in one cycle.

use pleach_spec::{Config, VECTOR};

use crate::support::Random;

/// By port, but for `stage_data`, which is `[row][channel]`.
#[derive(Clone, Default)]
pub struct Inputs {
    pub word_valid: bool,
    pub word_first: bool,
    pub word_last: bool,
    pub word_address: usize,
    pub word_dense: bool,
    pub word_position: usize,
    pub take: u8,
    pub take_max: bool,
    pub window_slot: usize,
    pub take_slot: usize,
    pub drain_entry: usize,
    pub drain_kind: u8,
    pub stage_write: bool,
    pub stage_slot: usize,
    pub stage_data: Vec<Vec<i8>>,
    pub weight_write: bool,
    pub position_write: bool,
    pub word_entry: usize,
    pub word_beat: usize,
    pub parameter_write: bool,
    pub parameter_entry: usize,
    pub parameter_column: usize,
    pub memory_data: [u32; 4],
    pub table_write: bool,
    pub table_address: usize,
    pub table_data: u8,
}

impl Inputs {
    /// What an idle cycle may carry: anything where it must not matter.
    pub fn idle(random: &mut Random, config: &Config) -> Self {
        Self {
            word_first: random.below(2) == 0,
            word_last: random.below(2) == 0,
            word_address: random.below(1 << 16),
            word_dense: random.below(2) == 0,
            word_position: random.below(config.window),
            take_max: random.below(2) == 0,
            window_slot: random.below(config.slots()),
            take_slot: random.below(config.stage_depth),
            drain_entry: random.below(1 << 12),
            drain_kind: random.below(3) as u8,
            stage_slot: random.below(config.stage_depth),
            stage_data: vec![vec![random.word() as i8; VECTOR]; config.rows],
            word_entry: random.below(1 << 16),
            word_beat: random.below(2),
            parameter_entry: random.below(1 << 12),
            parameter_column: random.below(config.columns),
            memory_data: [random.word(); 4],
            table_address: random.below(512),
            table_data: random.word() as u8,
            ..Self::default()
        }
    }

    /// In the order of the ports.
    pub fn values(&self) -> Vec<Vec<u32>> {
        let number = |value: usize| vec![value as u32];
        let flag = |value: bool| vec![u32::from(value)];
        let mut values = vec![
            flag(self.word_valid),
            flag(self.word_first),
            flag(self.word_last),
            number(self.word_address),
            flag(self.word_dense),
            number(self.word_position),
            number(self.take.into()),
            flag(self.take_max),
            number(self.window_slot),
            number(self.take_slot),
            number(self.drain_entry),
            number(self.drain_kind.into()),
        ];
        values.extend(self.stage_data.iter().map(|_| flag(self.stage_write)));
        values.push(number(self.stage_slot));
        values.extend(self.stage_data.iter().map(|row| beat(row).to_vec()));
        values.extend([
            flag(self.weight_write),
            flag(self.position_write),
            number(self.word_entry),
            number(self.word_beat),
            flag(self.parameter_write),
            number(self.parameter_entry),
            number(self.parameter_column),
            self.memory_data.to_vec(),
            flag(self.table_write),
            number(self.table_address),
            number(self.table_data.into()),
        ]);
        values
    }
}

/// Up to 16 bytes as a beat.
pub fn beat(bytes: &[i8]) -> [u32; 4] {
    std::array::from_fn(|word| {
        (0..4)
            .fold(0, |value, i| value | u32::from(bytes.get(4 * word + i).map_or(0, |&b| b as u8)) << (8 * i))
    })
}
