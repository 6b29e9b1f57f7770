//! A whole HTML document: it loads nothing, runs no script, and says so to the browser.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");
/// A small mark, so that no browser asks for one.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%232456c9'/%3E%3Cpath d='M4 12V4l8 8V4' fill='none' stroke='white' stroke-width='2'/%3E%3C/svg%3E";

/// What the browser may do with a document: nothing but show it in its own style.
pub fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'")
}

/// The document. `head` is what else stands there.
pub fn document(title: &str, head: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                (head)
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="icon" href=(ICON);
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}

/// The document as a file that stands alone.
pub fn file(title: &str, body: &Markup) -> String {
    let head = html! { meta http-equiv="Content-Security-Policy" content=(policy()); };
    let body = html! {
        header.top { div.inner { p.brand { "nself" } } }
        main { h1 { (title) } section { h2.hidden { "Differences" } (body) } }
    };
    document(title, &head, &body).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stands_alone() {
        let file = file("A & B", &html! { p { "text" } });
        assert!(
            file.starts_with("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"),
            "{file}"
        );
        assert!(file.contains("<title>A &amp; B</title>"), "{file}");
        for loads in ["<script", "src=\"", "@import", "url("] {
            assert!(!file.contains(loads), "{loads}");
        }
        assert!(file.contains(&policy().replace('\'', "&#39;")) || file.contains(&policy()), "{file}");
    }
}
