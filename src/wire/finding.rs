//! What became of a command whose answer was lost, as far as reading tells.

/// What the server shows of a command that was sent and not answered. Each says by what it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It took effect.
    Taken(Box<str>),
    /// It did not: everything stands as it did before.
    NotTaken(Box<str>),
    /// Something else has happened, and it can no longer take effect.
    Otherwise(Box<str>),
    /// What can be read allows no conclusion.
    Unclear(Box<str>),
}

impl Finding {
    /// By what it is known.
    pub fn why(&self) -> &str {
        match self {
            Self::Taken(why) | Self::NotTaken(why) | Self::Otherwise(why) | Self::Unclear(why) => why,
        }
    }

    /// Whether it is known at all.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unclear(_))
    }
}
