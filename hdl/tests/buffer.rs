//! The activation buffer under Verilator against a plain memory, cycle by cycle: reads of GATHER in random rotations, writes of
//! SCATTER, and LOAD and STORE, which get what is left of port B.

mod support;

use pleach_hdl::buffer::Buffer;
use pleach_spec::timing::{BANK_READ_LATENCY, FETCH_LATENCY};
use pleach_spec::{Config, VECTOR};
use support::Random;
use support::bench::Bench;

type Vector = [u8; VECTOR];

/// Cycles of a script.
const CYCLES: usize = 3000;
/// From a bank read of GATHER to the arrival of the vectors.
const ARRIVAL: usize = FETCH_LATENCY as usize - 1;

fn words(vector: &Vector) -> Vec<u32> {
    vector.chunks(4).map(|bytes| u32::from_le_bytes(bytes.try_into().expect("four"))).collect()
}

fn random_vector(random: &mut Random) -> Vector {
    std::array::from_fn(|_| random.word() as u8)
}

/// What must come out in a cycle.
#[derive(Clone, Default)]
struct Expected {
    load_grant: bool,
    store_grant: bool,
    store_data: Option<Vector>,
    /// The vector of each row that arrives.
    arrivals: Vec<Option<Vector>>,
}

/// A random read of GATHER: ports and values, and for each row of the class read its address and whether it is in the map.
struct Read {
    ports: Vec<(String, i64)>,
    rows: Vec<Option<(usize, bool)>>,
    pad: i8,
}

impl Read {
    fn random(random: &mut Random, config: &Config, vectors: usize) -> Self {
        let banks = config.rows;
        let mut set = Vec::new();
        let offset = random.below(vectors);
        let [need, class, width, height, dy, dx] =
            [banks, 4, 100, 100, 64, 64].map(|limit| random.below(limit));
        let pad = random.word() as i8;
        let mut rows = Vec::new();
        for row in 0..banks {
            // Bank of the row's vector: row + need + offset.
            let inside = random.below(vectors / banks) * banks;
            let address = inside + (row + need + offset) % banks;
            let [x, y] = [0, 0].map(|_| random.below(120) as i64 - 20);
            let row_class = if random.below(3) == 0 { random.below(4) } else { class };
            let base = (address as i64 - offset as i64) & 0xf_ffff;
            let (ix, iy) = ((x - dx as i64) & 0x3fff, (y - dy as i64) & 0x3fff);
            let fields = [("address", base), ("ix", ix), ("iy", iy), ("class", row_class as i64)];
            set.extend(fields.map(|(field, value)| (format!("row_{field}${row}"), value)));
            let in_map = (0..width as i64).contains(&x) && (0..height as i64).contains(&y);
            rows.push((row_class == class).then_some((address, in_map)));
        }
        let fields = [
            ("issue", 1),
            ("issue_class", class),
            ("issue_need", need),
            ("offset", offset),
            ("dy", dy),
            ("dx", dx),
            ("in_width", width),
            ("in_height", height),
        ];
        set.extend(fields.map(|(port, value)| (port.to_owned(), value as i64)));
        set.push(("pad".to_owned(), i64::from(pad)));
        Self { ports: set, rows, pad }
    }
}

fn check(config: &Config, name: &str) {
    let bench = Bench::new(&mut Buffer::new(config), name);
    let mut random = Random::new(name);
    let (banks, vectors) = (config.rows, config.activation_vectors());
    let ports = 2 * config.columns.div_ceil(VECTOR);
    let end = CYCLES + 8;
    let mut cycles = vec![bench.quiet(); end];
    let mut expected = vec![Expected { arrivals: vec![None; banks], ..Default::default() }; end];
    let mut memory = vec![[0; VECTOR]; vectors];
    // Everything is written before anything is read.
    for cycle in 0..CYCLES {
        let settling = cycle <= vectors;
        let (inputs, rest) = cycles[cycle..].split_first_mut().expect("cycles");
        let before = (!settling).then(|| Read::random(&mut random, config, vectors));
        let mut touched = Vec::new();
        // SCATTER: as many writes as are in different banks.
        let bytes = random.word() & 0xffff;
        inputs.set("bytes", bytes);
        let writes = if settling { 0 } else { random.below(ports + 1) };
        let mut used = vec![false; banks];
        for port in 0..writes {
            let address = random.below(vectors);
            if std::mem::replace(&mut used[address % banks], true) {
                continue;
            }
            let vector = random_vector(&mut random);
            inputs.set(&format!("write${port}"), 1).set(&format!("address${port}"), address as u32);
            rest[0].set_words(&format!("data${port}"), &words(&vector));
            touched.push((address, vector, bytes));
        }
        // LOAD, then STORE.
        let load = if settling { cycle % vectors } else { random.below(vectors) };
        let vector = random_vector(&mut random);
        if settling || random.below(2) == 0 {
            inputs.set("load_write", 1).set("load_address", load as u32);
            inputs.set_words("load_data", &words(&vector));
            expected[cycle].load_grant = !used[load % banks];
            if !std::mem::replace(&mut used[load % banks], true) {
                touched.push((load, vector, 0xffff));
            }
        }
        let store = random.below(vectors);
        if !settling && random.below(2) == 0 {
            inputs.set("store_read", 1).set("store_address", store as u32);
            if !used[store % banks] {
                expected[cycle].store_grant = true;
                expected[cycle + BANK_READ_LATENCY as usize].store_data = Some(memory[store]);
            }
        }
        // GATHER: not what is written in this very cycle.
        let clash = |read: &Read| {
            read.rows
                .iter()
                .flatten()
                .any(|&(address, _)| touched.iter().any(|&(other, ..)| other == address))
        };
        if let Some(read) = before.filter(|read| !clash(read)) {
            read.ports.iter().for_each(|(port, value)| {
                inputs.set(port, *value);
            });
            let row = |row: &Option<(usize, bool)>| {
                row.map(|(address, in_map)| if in_map { memory[address] } else { [read.pad as u8; VECTOR] })
            };
            expected[cycle + ARRIVAL].arrivals = read.rows.iter().map(row).collect();
        }
        for (address, vector, bytes) in touched {
            for byte in (0..VECTOR).filter(|byte| bytes >> byte & 1 == 1) {
                memory[address][byte] = vector[byte];
            }
        }
    }
    let responses = bench.run(&cycles);
    for (cycle, (response, expected)) in responses.iter().zip(&expected).enumerate() {
        assert_eq!(response.get("load_grant"), u32::from(expected.load_grant), "LOAD in cycle {cycle}");
        assert_eq!(response.get("store_grant"), u32::from(expected.store_grant), "STORE in cycle {cycle}");
        if let Some(vector) = &expected.store_data {
            assert_eq!(response.words("store_data"), words(vector), "vector for STORE in cycle {cycle}");
        }
        for (row, vector) in expected.arrivals.iter().enumerate() {
            let arrives = response.get(&format!("stage_write${row}")) == 1;
            assert_eq!(arrives, vector.is_some(), "arrival for row {row} in cycle {cycle}");
            if let Some(vector) = vector {
                assert_eq!(
                    response.words(&format!("stage_data${row}")),
                    words(vector),
                    "row {row}, cycle {cycle}"
                );
            }
        }
    }
}

#[test]
fn reads_see_what_was_written_and_port_b_goes_to_scatter_then_load_then_store() {
    for (rows, columns) in [(4, 4), (8, 16), (16, 32), (64, 8)] {
        let config =
            Config { rows, columns, activation_depth: 16, ..Config::resolve("mini").expect("built in") };
        check(&config, &format!("buffer_{rows}x{columns}"));
    }
}
