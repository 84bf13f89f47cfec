//! The variables that a child gets: listed ones of ours, and those it is given.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};

/// Variables that say where a program is, whose it is, and how it shows and reaches things. No secret is among them.
const PLAIN: [&str; 29] = [
    "ALL_PROXY",
    "COLORTERM",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LANGUAGE",
    "LOGNAME",
    "NODE_EXTRA_CA_CERTS",
    "NO_COLOR",
    "NO_PROXY",
    "PATH",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The environment of a child.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Nothing at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Of ours what any program needs, and the variables that a name in `more` lists, or a beginning as `CODEX_*`.
    #[must_use]
    pub fn listed(more: &[&str]) -> Self {
        Self::of(env::vars_os(), more)
    }

    fn of(vars: impl IntoIterator<Item = (OsString, OsString)>, more: &[&str]) -> Self {
        let is_listed = |name: &OsStr| {
            name.to_str().is_some_and(|name| {
                PLAIN.contains(&name)
                    || name.starts_with("LC_")
                    || more.iter().any(|listed| match listed.strip_suffix('*') {
                        Some(beginning) => name.starts_with(beginning),
                        None => name == *listed,
                    })
            })
        };
        Self(vars.into_iter().filter(|(name, _)| is_listed(name)).collect())
    }

    /// The same with one more, or another value for one.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// The variables.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_gets_what_is_listed_and_no_secret_of_others() {
        let vars = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("CODEX_HOME", "/c"),
            ("OPENAI_API_KEY", "sk-1"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("LD_PRELOAD", "x.so"),
        ];
        let vars = vars.map(|(name, value)| (name.into(), value.into()));
        let names = |environment: &Environment| -> Vec<String> {
            let names = environment
                .iter()
                .map(|(name, _)| name.to_str().unwrap().to_owned());
            names.collect()
        };
        let environment = Environment::of(vars.clone(), &["CODEX_*", "OPENAI_API_KEY"]);
        assert_eq!(
            names(&environment),
            ["CODEX_HOME", "LC_ALL", "OPENAI_API_KEY", "PATH"]
        );
        assert_eq!(names(&Environment::of(vars, &[])), ["LC_ALL", "PATH"]);
    }
}
