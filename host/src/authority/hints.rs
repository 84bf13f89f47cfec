//! Targets and folders that stand in a file and can never do anything.
//!
//! The contract lets them stand: nothing is wrong with the file. But who wrote `*.example.com` or a host
//! name in its own script waits for a match that never comes, so they are told.

use std::ops::Range;

use toml::de::DeTable;
use url::Host;

use super::fault::Problem;
use super::shape::{at, tables_at, text_at, texts_at};
use super::target::{bare_host, is_allowed};

/// What can never match among the targets of a manifest or of grants.
pub(super) fn targets(document: &DeTable<'_>, push: &mut impl FnMut(Problem, Range<usize>)) {
    for (list, schemes) in [("request", ["http", "https"]), ("websocket", ["ws", "wss"])] {
        for (target, header) in tables_at(document, &[list]) {
            place(target, header.clone(), schemes, push);
            if list == "request" {
                methods(target, header, push);
            }
            for (prefix, span) in texts_at(target, &["path_prefixes"]) {
                if prefix.is_empty() {
                    push(Problem::DeadPrefix("it is empty"), span);
                } else if !prefix.starts_with('/') {
                    push(Problem::DeadPrefix("a URL's path begins with `/`"), span);
                } else if prefix.contains(['?', '#']) {
                    push(
                        Problem::DeadPrefix("a URL's path holds neither `?` nor `#`"),
                        span,
                    );
                }
            }
        }
    }
}

/// What can never be used among the folders of grants.
pub(super) fn folders(grants: &DeTable<'_>, push: &mut impl FnMut(Problem, Range<usize>)) {
    for (grant, header) in tables_at(grants, &["fs"]) {
        match text_at(grant, &["root"]) {
            Some((root, span)) if !std::path::Path::new(root.trim()).is_absolute() => {
                push(Problem::DeadFolder("`root` must be an absolute path"), span);
            }
            None if at(grant, &["root"]).is_none() => {
                push(Problem::DeadFolder("it has no `root`"), header.clone());
            }
            _ => {}
        }
        if is_absent_or_empty(grant, "operations") {
            push(Problem::DeadFolder("it has no `operations`"), header);
        }
    }
}

fn place(
    target: &DeTable<'_>,
    header: Range<usize>,
    schemes: [&str; 2],
    push: &mut impl FnMut(Problem, Range<usize>),
) {
    let mut dead = |message: String, span| push(Problem::DeadTarget(message), span);
    match text_at(target, &["scheme"]) {
        Some((scheme, span)) => {
            let scheme = scheme.trim().to_ascii_lowercase();
            if scheme != "*" && !schemes.contains(&scheme.as_str()) {
                let [plain, secure] = schemes;
                dead(format!("its scheme must be `{plain}`, `{secure}` or `*`"), span);
            }
        }
        None if at(target, &["scheme"]).is_none() => dead("it has no `scheme`".to_owned(), header.clone()),
        None => {}
    }
    match text_at(target, &["host"]) {
        Some((host, span)) => {
            if let Some(why) = dead_host(host) {
                dead(why, span);
            }
        }
        None if at(target, &["host"]).is_none() => dead("it has no `host`".to_owned(), header),
        None => {}
    }
}

fn methods(target: &DeTable<'_>, header: Range<usize>, push: &mut impl FnMut(Problem, Range<usize>)) {
    if is_absent_or_empty(target, "methods") {
        push(Problem::DeadTarget("it has no `methods`".to_owned()), header);
    }
    for (method, span) in texts_at(target, &["methods"]) {
        if !is_allowed(method) {
            push(Problem::DeadMethod, span);
        }
    }
}

fn is_absent_or_empty(table: &DeTable<'_>, list: &str) -> bool {
    at(table, &[list]).is_none_or(|node| node.get_ref().as_array().is_some_and(|list| list.is_empty()))
}

/// Why no URL has this host.
fn dead_host(written: &str) -> Option<String> {
    let bare = bare_host(written);
    match bare {
        "*" => return None,
        "" => return Some("its host is empty".to_owned()),
        _ => {}
    }
    if bare.contains('*') {
        return Some("`*` stands for a whole host, not for a part of one".to_owned());
    }
    let parsed = Host::parse(bare).or_else(|_| Host::parse(&format!("[{bare}]")));
    let canonical = match parsed {
        Ok(Host::Domain(domain)) => domain,
        Ok(Host::Ipv4(address)) => address.to_string(),
        Ok(Host::Ipv6(address)) => Host::<&str>::Ipv6(address).to_string(),
        Err(_) => {
            return Some("its host is none: write the name alone, without scheme, port and path".to_owned());
        }
    };
    let canonical = bare_host(&canonical);
    (!canonical.eq_ignore_ascii_case(bare)).then(|| format!("in a URL, its host reads `{canonical}`"))
}

#[cfg(test)]
mod tests {
    use crate::authority::Grants;

    fn remarks(target: &str) -> String {
        let grants = Grants::parse(target).unwrap();
        let lines: Vec<&str> = grants
            .remarks()
            .iter()
            .map(|fault| fault.message.as_str())
            .collect();
        lines.join("\n")
    }

    fn host(host: &str) -> String {
        remarks(&format!("[[websocket]]\nscheme = 'wss'\nhost = '{host}'\n"))
    }

    #[test]
    fn a_host_as_a_url_has_it_has_no_remark() {
        for name in [
            "*",
            "a.b",
            "A.B.",
            "127.0.0.1",
            "[::1]",
            "::1",
            "xn--r8jz45g.jp",
            "[FE80::1]",
        ] {
            assert_eq!(host(name), "", "{name}");
        }
    }

    #[test]
    fn a_host_that_no_url_has_is_told_how_it_would_read() {
        insta::assert_snapshot!(host("*.example.com"), @"this target never matches: `*` stands for a whole host, not for a part of one");
        insta::assert_snapshot!(host("例え.jp"), @"this target never matches: in a URL, its host reads `xn--r8jz45g.jp`");
        insta::assert_snapshot!(host("127.1"), @"this target never matches: in a URL, its host reads `127.0.0.1`");
        insta::assert_snapshot!(host("0:0:0:0:0:0:0:1"), @"this target never matches: in a URL, its host reads `::1`");
        insta::assert_snapshot!(host("::ffff:127.0.0.1"), @"this target never matches: in a URL, its host reads `::ffff:7f00:1`");
        insta::assert_snapshot!(host("https://a.b"), @"this target never matches: its host is none: write the name alone, without scheme, port and path");
        insta::assert_snapshot!(host("a.b:443"), @"this target never matches: its host is none: write the name alone, without scheme, port and path");
        insta::assert_snapshot!(host(" a.b"), @"this target never matches: its host is none: write the name alone, without scheme, port and path");
        insta::assert_snapshot!(host(""), @"this target never matches: its host is empty");
    }

    #[test]
    fn a_target_that_lacks_a_part_is_told_which() {
        insta::assert_snapshot!(remarks("[[request]]\n"), @r"
        this target never matches: it has no `scheme`
        this target never matches: it has no `host`
        this target never matches: it has no `methods`
        ");
        insta::assert_snapshot!(
            remarks("[[request]]\nscheme = 'wss'\nhost = 'a.b'\nmethods = ['GET', 'HEAD']\npath_prefixes = ['', 'v1', '/a?b']\n"),
            @r"
        this target never matches: its scheme must be `http`, `https` or `*`
        this method never matches: host_api.request has GET, POST, PUT, PATCH, DELETE only
        this prefix never matches: it is empty
        this prefix never matches: a URL's path begins with `/`
        this prefix never matches: a URL's path holds neither `?` nor `#`
        "
        );
    }
}
