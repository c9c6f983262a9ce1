//! A run as a page.

use super::html::Page;
use super::layers::layer_table;
use super::table::{Bars, Table, percent, thousands};
use super::{Accuracy, RunReport, Stalls, Traffic};

impl RunReport {
    /// The report as a page.
    pub fn page(&self, title: &str) -> Page {
        let mut page = Page::new(title);
        page.fact("device", &self.device);
        page.fact("configuration", &self.config);
        page.fact("images", self.images.to_string());
        if let Some(Accuracy { float, int8, pruned }) = self.accuracy {
            let shares = [("float", float), ("int8", int8), ("pruned int8", pruned)];
            for (name, share) in shares.into_iter().filter_map(|(name, share)| Some((name, share?))) {
                page.fact(&format!("accuracy, {name}"), format!("{share:.2} %"));
            }
        }
        page.fact("time of an image on this computer", format!("{:.3} ms", self.host_ms));
        if self.cycles > 0 {
            page.fact("cycles of an image", thousands(self.cycles));
            page.fact("cycles of the first image", thousands(self.cold_cycles));
            page.fact("cycles with all weights", thousands(self.dense_cycles));
            page.fact("speed-up", format!("{:.2}x", self.speedup));
            page.fact("speed-up of the convolutions", format!("{:.2}x", self.convolutions.speedup));
            page.fact("frames/s", thousands(self.frames_per_s.round() as u64));
            page.fact("utilisation", percent(self.utilisation));
            page.fact("utilisation of the convolutions", percent(self.convolutions.utilisation));
        }
        if let Some(traffic) = &self.traffic {
            page.fact("bytes read for an image", thousands(traffic.bytes_read));
            page.fact("bytes written for an image", thousands(traffic.bytes_written));
        }
        page.table("Layers", layer_table(self));
        page.table(
            "Cycles of an image spent waiting",
            self.traffic.as_ref().map_or_else(Table::default, stall_table),
        );
        page
    }
}

fn stall_table(traffic: &Traffic) -> Table {
    let Stalls {
        data,
        drain,
        no_pass,
        load_tokens,
        load_bus,
        load_bank,
        store_tokens,
        store_bus,
        store_bank,
        queue,
    } = traffic.stalls;
    let causes = [
        ("array", "a vector of the activation buffer", data),
        ("array", "results before to leave it", drain),
        ("array", "a pass", no_pass),
        ("LOAD", "COMPUTE or STORE", load_tokens),
        ("LOAD", "the memory", load_bus),
        ("LOAD", "a bank of the activation buffer", load_bank),
        ("STORE", "LOAD or COMPUTE", store_tokens),
        ("STORE", "the memory", store_bus),
        ("STORE", "a bank of the activation buffer", store_bank),
        ("command fetch", "room in the queue of an engine", queue),
    ];
    let mut table = Table::new(["unit", "waits for", "cycles"], 2..3);
    let row =
        |(unit, cause, cycles): (&str, &str, u64)| vec![unit.to_owned(), cause.to_owned(), thousands(cycles)];
    table.rows.extend(causes.map(row));
    let lengths = causes.map(|(_, _, cycles)| [cycles as f64, 0.0]);
    table.bars = Some(Bars { header: "units wait at the same time".to_owned(), lengths: lengths.into() });
    table
}
