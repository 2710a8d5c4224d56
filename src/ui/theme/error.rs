//! What can be wrong with a theme.

/// Why a theme cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ThemeError {
    /// The file is not the TOML of a theme.
    #[error("the theme is not valid TOML of the form `[roles]` with one table a role: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A role that does not exist.
    #[error("the theme has a role `roles.{0}`, which does not exist: remove it or correct its name")]
    UnknownRole(String),
    /// A role without a style.
    #[error("the theme has no role `roles.{0}`: add it, for example {{ fg = \"252\" }}")]
    MissingRole(&'static str),
    /// A colour that is none.
    #[error(
        "`roles.{role}.{field}` is `{value}`, which is no colour: use a name, \"#rrggbb\" or a number up to 255"
    )]
    Colour {
        /// The role.
        role: &'static str,
        /// `fg` or `bg`.
        field: &'static str,
        /// What stands there.
        value: String,
    },
}
