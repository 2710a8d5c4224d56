//! Where files belong on this machine (XDG, by `directories`).

use std::path::PathBuf;

use directories::ProjectDirs;

/// The program's folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Holds `config.toml` and `themes/`.
    pub config: PathBuf,
    /// Holds the local runtime's database.
    pub data: PathBuf,
    /// Holds logs and journals.
    pub state: PathBuf,
}

impl Paths {
    /// The folders of this user; `None` where the user has no home.
    pub fn of_user() -> Option<Self> {
        let dirs = ProjectDirs::from("", "", "arcc")?;
        Some(Self {
            config: dirs.config_dir().to_owned(),
            data: dirs.data_dir().to_owned(),
            state: dirs.state_dir().unwrap_or_else(|| dirs.data_dir()).to_owned(),
        })
    }
}
