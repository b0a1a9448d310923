//! Processes that a bench starts of itself. A line in is answered by a line out; the end of the input ends them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::Outcome;

/// A part of a bench in a process of its own. Dropped, it ends.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts this program again with these arguments.
    pub(crate) fn start(arguments: &[String]) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Self { child, input, output })
    }

    /// The next line that it writes.
    pub(crate) fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        match self.output.read_line(&mut line)? {
            0 => Err("a part of the bench has ended".into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    /// Writes a line and waits for the one that answers it.
    pub(crate) fn ask(&mut self, question: &str) -> Outcome<String> {
        writeln!(self.input.as_mut().ok_or("no input")?, "{question}")?;
        self.line()
    }

    /// The memory that it has resident now, in bytes.
    pub(crate) fn resident(&self) -> Outcome<u64> {
        resident(&self.child.id().to_string())
    }

    /// The processor time that it has used so far.
    pub(crate) fn processor_time(&self) -> Outcome<Duration> {
        processor_time(&self.child.id().to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        // It has ended before, if that fails.
        let _ = self.child.wait();
    }
}

/// The resident memory of a process, or of this one ("self"), in bytes.
pub(crate) fn resident(process: &str) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: u64 = line.split_whitespace().next().ok_or("no VmRSS")?.parse()?;
    Ok(kilobytes * 1024)
}

/// The processor time of a process, or of this one ("self"): user and system, in steps of 10 ms.
pub(crate) fn processor_time(process: &str) -> Outcome<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name before the parenthesis may hold blanks; behind it, fields 14 and 15 are the times.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name")?;
    let mut ticks = 0;
    for field in fields.split_whitespace().skip(11).take(2) {
        ticks += field.parse::<u64>()?;
    }
    Ok(Duration::from_millis(ticks * (1000 / TICKS_PER_SECOND)))
}

/// Says the first line, answers lines until there are no more, and ends the process.
pub(crate) fn converse(hello: &str, mut answer: impl FnMut(&str) -> String + Send + 'static) {
    println!("{hello}");
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            println!("{}", answer(&line));
        }
        std::process::exit(0);
    });
}

/// USER_HZ of Linux on every architecture that matters (proc(5)).
const TICKS_PER_SECOND: u64 = 100;
