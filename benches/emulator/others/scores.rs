//! What is measured, and what came of it in all rounds. It knows neither the servers nor how they are measured.

use std::collections::BTreeMap;
use std::error::Error;

use super::client::NotSupported;
use super::process::Cost;
use super::work::RECORD;
use crate::Outcome;

/// By what was measured: the values of the rounds, or why there are none.
#[derive(Default)]
pub(crate) struct Scores(BTreeMap<&'static str, Result<Vec<f64>, Lack>>);

/// Why a value is missing.
pub(crate) struct Lack {
    pub(crate) word: &'static str,
    pub(crate) reason: String,
}

impl Lack {
    pub(crate) fn not_measured(reason: String) -> Self {
        Self { word: "not measured:", reason }
    }

    /// Only what the server itself says that it does not have is not supported.
    fn of(error: &(dyn Error + Send + Sync + 'static)) -> Self {
        let word = if error.is::<NotSupported>() { "not supported:" } else { "failed:" };
        Self { word, reason: error.to_string() }
    }
}

impl Scores {
    /// A failure stays, whatever other rounds say.
    pub(crate) fn enter(&mut self, what: &'static str, value: Outcome<f64>) {
        match value {
            Ok(value) => {
                println!("sample {what} {}", rounded(value));
                if let Ok(values) = self.0.entry(what).or_insert_with(|| Ok(Vec::new())) {
                    values.push(value);
                }
            }
            Err(error) => {
                let lack = Lack::of(&*error);
                println!("sample {what} {} {}", lack.word, lack.reason);
                self.0.insert(what, Err(lack));
            }
        }
    }

    /// A rate, and the server's processor time beside it.
    pub(crate) fn enter_passes(&mut self, what: &'static str, (passes, records, cost): (u32, usize, Cost)) {
        let moved = if unit(what) == "MB/s" { (records * RECORD) as f64 / 1e6 } else { records as f64 };
        self.enter(what, Ok(moved / cost.time.as_secs_f64()));
        for beside in beside(what) {
            self.enter(beside, Ok(cost.processor.as_secs_f64() * 1e3 / f64::from(passes)));
        }
    }

    /// None of this was done. What had failed before keeps its reason.
    pub(crate) fn failed(
        &mut self,
        work: impl IntoIterator<Item = &'static str>,
        error: &(dyn Error + Send + Sync + 'static),
    ) {
        for what in work {
            if !self.has_failed(what) {
                let lack = Lack::of(error);
                println!("sample {what} {} {}", lack.word, lack.reason);
                self.0.insert(what, Err(lack));
            }
        }
    }

    pub(crate) fn has_failed(&self, what: &str) -> bool {
        matches!(self.0.get(what), Some(Err(_)))
    }

    /// Of all rounds: the highest rate, the mean of processor times, of all else the lowest.
    pub(crate) fn value(&self, what: &str) -> Option<Result<f64, &Lack>> {
        let values = match self.0.get(what)? {
            Ok(values) => values.iter().copied(),
            Err(lack) => return Some(Err(lack)),
        };
        Some(Ok(if unit(what).ends_with("/s") {
            values.fold(0.0, f64::max)
        } else if what.ends_with(PROCESSOR) {
            values.clone().sum::<f64>() / values.len() as f64
        } else {
            values.fold(f64::INFINITY, f64::min)
        }))
    }
}

/// The processor time that is told beside a rate.
pub(crate) fn beside(what: &str) -> impl Iterator<Item = &'static str> {
    let names = WORK.iter().map(|(name, _)| *name);
    names.filter(move |name| name.strip_suffix(PROCESSOR) == Some(what))
}

/// Three digits at least.
pub(crate) fn rounded(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

fn unit(what: &str) -> &'static str {
    WORK.iter().find(|(name, _)| *name == what).map_or("", |(_, unit)| unit)
}

/// At the end of the name of what a server took of the processors' time.
const PROCESSOR: &str = "_processor";
/// What is measured and in what; what moves records counts their payload alone, 1,024 bytes each, for servers write events
/// at different lengths. The first three are of one process, the others of a second. `processor`: what the server
/// took for a pass.
pub(crate) const WORK: [(&str, &str); 18] = [
    ("start_to_first_answer", "ms"),
    ("resident_at_start", "MB"),
    ("resident_1000_shards", "MB"),
    ("resident_2000_records_of_1_KiB", "MB"),
    ("put_1_connection", "records/s"),
    ("put_1_connection_processor", "ms"),
    ("put_8_connections", "records/s"),
    ("put_8_connections_processor", "ms"),
    ("get_1_connection", "MB/s"),
    ("get_1_connection_processor", "ms"),
    ("subscribe_1_http1", "MB/s"),
    ("subscribe_1_http1_processor", "ms"),
    ("subscribe_16_http1", "MB/s"),
    ("subscribe_16_http1_processor", "ms"),
    ("subscribe_1_h2c", "MB/s"),
    ("subscribe_1_h2c_processor", "ms"),
    ("subscribe_16_h2c", "MB/s"),
    ("subscribe_16_h2c_processor", "ms"),
];
