//! In which orders the commands of a list can be executed: tokens, queues and clocks.

use super::Problem;
use crate::Config;
use crate::list::{Command, Engine, MAX_TOKENS};
use std::collections::VecDeque;

/// For each engine, a number of its commands.
pub type Clock = [u32; 3];

/// Commands that wait in the queue of LOAD or STORE.
const QUEUE: usize = 16;

fn join(a: Clock, b: Clock) -> Clock {
    std::array::from_fn(|engine| a[engine].max(b[engine]))
}

/// What is known of when commands are executed.
#[derive(Debug)]
pub struct Order {
    /// An order in which the commands can be executed one after the other.
    pub execution: Vec<usize>,
    /// Index in the list of each engine's commands.
    pub of_engine: [Vec<usize>; 3],
    /// Number of each command among those of its engine.
    pub ordinal: Vec<u32>,
    /// How many commands of each engine are complete when each command starts.
    pub start: Vec<Clock>,
}

/// The execution that finds an order.
struct Execution<'a> {
    commands: &'a [Command],
    /// Commands that a queue and its engine hold together at most.
    capacity: [usize; 3],
    queues: [VecDeque<usize>; 3],
    /// Tokens given and not taken, `[giver][taker]`: what the giver has waited for, itself included.
    tokens: [[VecDeque<Clock>; 3]; 3],
    /// Tokens given and taken so far.
    given: [[usize; 3]; 3],
    /// Tokens that the first commands of each engine take: `[taker][giver]` after so many commands.
    taken: [[Vec<usize>; 3]; 3],
    /// Clocks at the start of the last command of each engine, and at its end.
    started: [Clock; 3],
    done: [Clock; 3],
    order: Order,
}

impl Order {
    /// Executes the list as far as it goes.
    pub fn new(commands: &[Command], config: &Config) -> Result<Self, (usize, Problem)> {
        let mut of_engine: [Vec<usize>; 3] = Default::default();
        let mut ordinal = Vec::with_capacity(commands.len());
        let mut taken: [[Vec<usize>; 3]; 3] = std::array::from_fn(|_| std::array::from_fn(|_| vec![0]));
        for (index, command) in commands.iter().enumerate() {
            let engine = command.engine() as usize;
            let (wait, signal) = command.tokens();
            if (wait | signal) >> engine & 1 == 1 {
                return Err((index, Problem::Illegal("an engine does not wait for itself")));
            }
            ordinal.push(of_engine[engine].len() as u32);
            of_engine[engine].push(index);
            for (giver, counts) in taken[engine].iter_mut().enumerate() {
                let before = counts.last().copied().unwrap_or(0);
                counts.push(before + (wait >> giver & 1) as usize);
            }
        }
        let order =
            Self { execution: Vec::new(), of_engine, ordinal, start: vec![Clock::default(); commands.len()] };
        let mut execution = Execution {
            commands,
            capacity: [QUEUE, config.pass_depth, QUEUE],
            queues: Default::default(),
            tokens: Default::default(),
            given: Default::default(),
            taken,
            started: Default::default(),
            done: Default::default(),
            order,
        };
        execution.run()?;
        execution.nothing_is_left()?;
        Ok(execution.order)
    }
}

impl Execution<'_> {
    fn run(&mut self) -> Result<(), (usize, Problem)> {
        let mut next = 0;
        loop {
            let mut moved = false;
            for engine in Engine::ALL {
                while self.can_start(engine as usize) {
                    self.execute(engine as usize)?;
                    moved = true;
                }
            }
            // FETCH hands out in order, and waits where a queue is full.
            while let Some(command) = self.commands.get(next) {
                let engine = command.engine() as usize;
                if self.queues[engine].len() >= self.capacity[engine] {
                    break;
                }
                self.queues[engine].push_back(next);
                next += 1;
                moved = true;
            }
            if !moved {
                break;
            }
        }
        let waiting = self.queues.iter().filter_map(|queue| queue.front()).min();
        match waiting {
            Some(&command) => Err((command, Problem::Deadlock)),
            None => Ok(()),
        }
    }

    fn can_start(&self, engine: usize) -> bool {
        let Some(&command) = self.queues[engine].front() else { return false };
        let (wait, _) = self.commands[command].tokens();
        (0..3).all(|giver| wait >> giver & 1 == 0 || !self.tokens[giver][engine].is_empty())
    }

    fn execute(&mut self, engine: usize) -> Result<(), (usize, Problem)> {
        let Some(command) = self.queues[engine].pop_front() else { return Ok(()) };
        let (wait, signal) = self.commands[command].tokens();
        for giver in (0..3).filter(|giver| wait >> giver & 1 == 1) {
            if let Some(clock) = self.tokens[giver][engine].pop_front() {
                self.started[engine] = join(self.started[engine], clock);
            }
        }
        self.order.start[command] = self.started[engine];
        self.order.execution.push(command);
        // Commands of an engine are completed in order.
        self.done[engine] = join(self.done[engine], self.started[engine]);
        self.done[engine][engine] = self.order.ordinal[command] + 1;
        for taker in (0..3).filter(|taker| signal >> taker & 1 == 1) {
            self.tokens[engine][taker].push_back(self.done[engine]);
            self.given[engine][taker] += 1;
            self.counter_holds(command, engine, taker)?;
        }
        Ok(())
    }

    /// However late the taker is: what is complete has started, and so has what cannot be in its queue any more.
    fn counter_holds(&self, command: usize, giver: usize, taker: usize) -> Result<(), (usize, Problem)> {
        let handed_out = self.order.of_engine[taker].partition_point(|&index| index < command);
        let out_of_queue = handed_out.saturating_sub(self.capacity[taker] + 1);
        let started = out_of_queue.max(self.done[giver][taker] as usize);
        let count = self.given[giver][taker] - self.taken[taker][giver][started];
        match count > MAX_TOKENS as usize {
            true => Err((command, Problem::TokenOverflow { taker: Engine::ALL[taker], count })),
            false => Ok(()),
        }
    }

    fn nothing_is_left(&self) -> Result<(), (usize, Problem)> {
        let pairs = (0..3).flat_map(|giver| (0..3).map(move |taker| (giver, taker)));
        let left = pairs.map(|(giver, taker)| (giver, taker, self.tokens[giver][taker].len()));
        let Some((giver, taker, count)) = left.into_iter().find(|&(.., count)| count > 0) else {
            return Ok(());
        };
        let signals = |index: &usize| self.commands[*index].tokens().1 >> taker & 1 == 1;
        let command = self.order.of_engine[giver].iter().copied().rfind(signals).unwrap_or(0);
        Err((command, Problem::LeftOver { taker: Engine::ALL[taker], count }))
    }
}
