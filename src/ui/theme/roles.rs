//! The roles, and how they are read.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::{Glyphs, ThemeError};

/// A role's style as written in a theme.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    bold: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    roles: BTreeMap<String, Spec>,
}

macro_rules! roles {
    ($($(#[$doc:meta])* $field:ident $key:literal $plain:expr;)+) => {
        /// Styles by meaning, and the characters to draw with.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Theme {
            /// What the theme is called.
            pub name: String,
            /// The characters to draw with.
            pub glyphs: Glyphs,
            $($(#[$doc])* pub $field: Style,)+
        }

        impl Theme {
            /// No colour at all, for `NO_COLOR`: emphasis by modifiers alone. Colours stay the
            /// terminal's own, because a colour that the terminal library strips would take the
            /// modifiers before it along.
            pub fn plain() -> Self {
                Self { name: "plain".into(), glyphs: Glyphs::Unicode, $($field: plain($plain),)+ }
            }

            fn read(file: File) -> Result<Self, ThemeError> {
                let File { name, mut roles } = file;
                let theme = Self {
                    name,
                    glyphs: Glyphs::Unicode,
                    $($field: style($key, roles.remove($key).ok_or(ThemeError::MissingRole($key))?)?,)+
                };
                match roles.into_keys().next() {
                    Some(unknown) => Err(ThemeError::UnknownRole(unknown)),
                    None => Ok(theme),
                }
            }
        }
    };
}

roles! {
    /// The paper itself.
    base "base" Modifier::empty();
    /// Ordinary text.
    text "text" Modifier::empty();
    /// What the eye shall find first.
    strong "strong" Modifier::BOLD;
    /// What may be overlooked.
    muted "muted" Modifier::empty();
    /// Names of things one is in.
    accent "accent" Modifier::BOLD;
    /// Keys in hints.
    key "key" Modifier::BOLD;
    /// Titles of panes.
    title "title" Modifier::BOLD;
    /// Borders.
    border "border" Modifier::empty();
    /// The border of what takes the keys.
    border_focus "border_focus" Modifier::BOLD;
    /// The selected row.
    selection "selection" Modifier::REVERSED;
    /// The line at the top.
    header "header" Modifier::empty();
    /// The line at the top where people depend on the server.
    production "production" Modifier::REVERSED;
    /// The line at the top while data is old.
    header_stale "header_stale" Modifier::REVERSED;
    /// The tab that is shown.
    tab "tab" Modifier::REVERSED;
    /// Ended well.
    success "success" Modifier::empty();
    /// Ended badly.
    failed "failed" Modifier::BOLD;
    /// Cancelled or stopped.
    cancelled "cancelled" Modifier::empty();
    /// Never ran.
    skipped "skipped" Modifier::empty();
    /// In flight.
    running "running" Modifier::empty();
    /// Not started.
    pending "pending" Modifier::empty();
    /// Waits for a person.
    waiting "waiting" Modifier::BOLD;
    /// Held.
    paused "paused" Modifier::empty();
    /// Stopping gracefully.
    draining "draining" Modifier::empty();
    /// Edges of a graph.
    edge "edge" Modifier::empty();
    /// Edges of the selected step.
    edge_focus "edge_focus" Modifier::BOLD;
    /// The line before foreign text.
    gutter "gutter" Modifier::empty();
    /// Foreign text: payloads, errors, model output.
    foreign "foreign" Modifier::empty();
    /// What a search found.
    found "match" Modifier::REVERSED;
    /// The paper of overlays.
    overlay "overlay" Modifier::empty();
    /// Where text is typed.
    input "input" Modifier::UNDERLINED;
    /// A message of success.
    toast_good "toast_good" Modifier::REVERSED;
    /// News.
    toast_info "toast_info" Modifier::REVERSED;
    /// A message that needs attention.
    toast_bad "toast_bad" Modifier::REVERSED;
}

impl Theme {
    /// Light letters on dark paper.
    pub fn dark() -> Self {
        // Both embedded files are held valid by a test, so the fallback is never seen.
        Self::parse(include_str!("../../../themes/dark.toml")).unwrap_or_else(|_| Self::plain())
    }

    /// Dark letters on light paper.
    pub fn light() -> Self {
        Self::parse(include_str!("../../../themes/light.toml")).unwrap_or_else(|_| Self::plain())
    }

    /// Reads a theme: `name`, and under `[roles]` every role as `{ fg, bg, bold }`.
    ///
    /// # Errors
    /// When it is no TOML of that form, when a role is missing or unknown, or when a colour is none.
    /// The error names the key.
    pub fn parse(toml: &str) -> Result<Self, ThemeError> {
        Self::read(toml::from_str(toml)?)
    }

    /// The same theme with another set of characters.
    #[must_use]
    pub fn with_glyphs(self, glyphs: Glyphs) -> Self {
        Self { glyphs, ..self }
    }
}

fn plain(modifier: Modifier) -> Style {
    Style::new().add_modifier(modifier)
}

fn style(role: &'static str, spec: Spec) -> Result<Style, ThemeError> {
    let colour = |field: &'static str, value: Option<String>| match value {
        None => Ok(None),
        Some(value) => {
            value.parse::<Color>().map(Some).map_err(|_| ThemeError::Colour { role, field, value })
        }
    };
    let mut style = Style { fg: colour("fg", spec.fg)?, bg: colour("bg", spec.bg)?, ..Style::default() };
    if spec.bold {
        style = style.add_modifier(Modifier::BOLD);
    }
    Ok(style)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    const DARK: &str = include_str!("../../../themes/dark.toml");
    const LIGHT: &str = include_str!("../../../themes/light.toml");

    #[test]
    fn the_embedded_themes_are_whole() {
        assert_eq!(Theme::parse(DARK).map(|theme| theme.name), Ok("dark".into()));
        assert_eq!(Theme::parse(LIGHT).map(|theme| theme.name), Ok("light".into()));
        assert_eq!(Theme::dark().name, "dark");
        assert_eq!(Theme::light().name, "light");
    }

    #[test]
    fn mistakes_name_the_key() {
        let message = |text: &str| Theme::parse(text).unwrap_err().to_string();
        let without = DARK.replace("accent = { fg = \"75\" }\n", "");
        assert_eq!(
            message(&without),
            "the theme has no role `roles.accent`: add it, for example { fg = \"252\" }"
        );
        let more = format!("{DARK}sparkle = {{ fg = \"1\" }}\n");
        assert_eq!(
            message(&more),
            "the theme has a role `roles.sparkle`, which does not exist: remove it or correct its name"
        );
        let odd = DARK.replace("muted = { fg = \"245\" }", "muted = { fg = \"greyish\" }");
        assert_eq!(
            message(&odd),
            "`roles.muted.fg` is `greyish`, which is no colour: use a name, \"#rrggbb\" or a number up to 255"
        );
        assert!(message("name = 1").contains("name"), "{}", message("name = 1"));
    }

    #[test]
    fn the_plain_theme_has_no_colour() {
        let text = format!("{:?}", Theme::plain());
        assert!(!text.contains("fg: Some") && !text.contains("bg: Some"), "{text}");
    }
}
