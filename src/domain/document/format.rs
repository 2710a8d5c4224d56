//! JSON as people are shown it: a number that may have lost digits is marked.

use std::io::{self, Write};

use serde_json::ser::Formatter;

/// From this size on not every whole number has a float of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// A float that is told in so many digits may have had more.
const DIGITS: usize = 17;

/// A form of JSON with `~` before numbers that may have been rounded when they were read.
pub(super) struct Marked<F>(pub(super) F);

/// Whether a float may stand for a number with more digits than floats hold.
pub(super) fn may_be_rounded(number: f64) -> bool {
    let digits =
        || format!("{number:e}").chars().take_while(|ch| *ch != 'e').filter(char::is_ascii_digit).count();
    number.abs() >= EXACT || digits() >= DIGITS
}

impl<F: Formatter> Formatter for Marked<F> {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if may_be_rounded(value) {
            writer.write_all(b"~")?;
        }
        self.0.write_f64(writer, value)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_that_may_stand_for_longer_numbers_are_told_from_plain_ones() {
        for plain in [0.0, -1.5, 0.1, 1234.56, 1e15, 2.718_5] {
            assert!(!may_be_rounded(plain), "{plain}");
        }
        let long: Vec<f64> = ["12345678901234567890.123", "0.1234567890123456789", "-1e300"]
            .iter()
            .map(|text| text.parse().unwrap_or_default())
            .collect();
        assert!(long.into_iter().all(may_be_rounded));
    }
}
