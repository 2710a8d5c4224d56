//! Stand-in.
/// Whether the sample workflows are installed and kept moving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// They are.
    On,
    /// They are not.
    Off,
}
