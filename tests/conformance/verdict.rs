//! What becomes of a rule on a server.

use std::fmt;

/// Why a check of a rule stops early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The server breaks the rule; what it did.
    Broken(String),
    /// It cannot be seen on this server; why.
    NotObservable(String),
}

pub(crate) type Verdict<T = ()> = Result<T, Stop>;

/// The three outcomes, without their reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pass,
    Fail,
    NotObservable,
}

impl Outcome {
    pub(crate) fn of(verdict: &Verdict) -> Self {
        match verdict {
            Ok(()) => Self::Pass,
            Err(Stop::Broken(_)) => Self::Fail,
            Err(Stop::NotObservable(_)) => Self::NotObservable,
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Pass, Self::Fail, Self::NotObservable].into_iter().find(|outcome| outcome.to_string() == name)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotObservable => "hidden",
        })
    }
}

/// Stops the check when the condition does not hold.
macro_rules! holds {
    ($condition:expr, $($what:tt)+) => {
        let holds: bool = $condition;
        if !holds {
            return Err($crate::verdict::Stop::Broken(format!($($what)+)));
        }
    };
}

/// Stops the check when the two are not the same.
macro_rules! same {
    ($is:expr, $should:expr, $($what:tt)+) => {{
        let (is, should) = (&$is, &$should);
        if is != should {
            let what = format!($($what)+);
            return Err($crate::verdict::Stop::Broken(format!("{what}: {is:?}, not {should:?}")));
        }
    }};
}

pub(crate) use {holds, same};
