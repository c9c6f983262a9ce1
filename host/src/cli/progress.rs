//! Progress bars on stderr; nothing where stderr is not a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// One bar, for one step after the other.
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// An empty bar, shown with the first progress.
    pub fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{msg:24} {bar:40} {pos}/{len} {eta}");
        bar.set_style(style.expect("the template is right"));
        Self { bar }
    }

    /// Shows how far a step is.
    pub fn show(&self, step: &str, done: usize, of: usize) {
        if self.bar.message() != step {
            self.bar.set_message(step.to_owned());
            self.bar.reset();
        }
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
