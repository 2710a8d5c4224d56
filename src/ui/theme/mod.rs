//! Colours by meaning. Drawing names a role, never a colour; the themes are TOML files.

mod error;
mod glyphs;
mod roles;

pub use error::ThemeError;
pub use glyphs::Glyphs;
pub use roles::Theme;
