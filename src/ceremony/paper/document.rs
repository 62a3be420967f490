//! A complete page: one file without scripts that loads nothing, and that prints with a header and a footer on every sheet.

use base64ct::{Base64, Encoding};

use super::html::{Html, css_string};
use crate::ceremony::{CeremonyKind, CeremonyPlan, PlanError, hash_words};
use crate::output::{Encoding as FileEncoding, Sealed, Verified};
use crate::signer::sha256;

/// The paper size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PaperSize {
    /// 210 mm by 297 mm (ISO 216).
    A4,
    /// 8.5 in by 11 in.
    Letter,
}

impl PaperSize {
    /// Its name in CSS (CSS Paged Media Level 3 section 7.1).
    const fn css(self) -> &'static str {
        match self {
            Self::A4 => "A4",
            Self::Letter => "letter",
        }
    }
}

/// A complete page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeremonyPage(String);

impl CeremonyPage {
    /// The page as HTML, in UTF-8.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Sealed for CeremonyPage {}

impl Verified for CeremonyPage {
    fn content(&self, _: FileEncoding) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        if written == self.0.as_bytes() {
            return Ok(());
        }
        Err("it reads back differently".to_owned())
    }
}

const STYLE: &str = include_str!("paper.css");

/// Everything on the page except its content.
#[derive(Debug)]
pub(super) struct Document<'a> {
    /// The title of the window and of each header.
    pub(super) title: &'static str,
    pub(super) plan: &'a CeremonyPlan,
    pub(super) paper: Option<PaperSize>,
    /// An extra mark on every sheet, for example that the ceremony was aborted.
    pub(super) mark: Option<&'static str>,
}

impl Document<'_> {
    /// Renders the whole page.
    pub(super) fn render(&self, body: &Html) -> Result<CeremonyPage, PlanError> {
        let style = format!("{STYLE}{}", self.page_style()?);
        let hash = Base64::encode_string(&sha256(style.as_bytes()));
        let mut html = Html::default();
        html.markup("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        // The policy permits only this style, by its hash: no script, and nothing from elsewhere.
        html.drawn(format_args!(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; \
             base-uri 'none'; form-action 'none'\">\n"
        ));
        html.markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.markup("<meta name=\"referrer\" content=\"no-referrer\">\n");
        html.leaf("title", "", &format!("{}: {}", self.plan.ceremony, self.title));
        html.drawn(format_args!("<style>{style}</style>\n</head>\n<body>\n"));
        for mark in self.marks() {
            // A browser prints a fixed element on every sheet.
            html.element("div", "watermark", |html| {
                html.leaf("span", "", mark);
            });
        }
        html.element("main", "", |html| {
            html.part(body);
        });
        html.markup("</body>\n</html>\n");
        Ok(CeremonyPage(html.into_text()))
    }

    fn marks(&self) -> impl Iterator<Item = &'static str> {
        let practice = (self.plan.kind == CeremonyKind::Practice).then_some("PRACTICE");
        practice.into_iter().chain(self.mark)
    }

    /// The header and footer of each sheet (CSS Paged Media Level 3 section 5).
    fn page_style(&self) -> Result<String, PlanError> {
        let hash = self.plan.identity()?.hash;
        let size = self.paper.map_or("auto", PaperSize::css);
        let marks: Vec<&str> = self.marks().collect();
        let top = css_string(&format!("{}: {}", self.plan.ceremony, self.title));
        let mark = css_string(&marks.join(" "));
        let words = css_string(&format!("Plan {}", hash_words(&hash.0)));
        Ok(format!(
            "@page {{ size: {size}; @top-left {{ content: {top} }} @top-right {{ content: {mark} }} \
             @bottom-left {{ content: {words} }} }}\n"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_plan::{strange_plan, test_plan};
    use super::*;

    #[test]
    fn the_policy_allows_the_one_style_that_is_there() {
        let plan = strange_plan();
        let document = Document {
            title: "Script",
            plan: &plan,
            paper: Some(PaperSize::Letter),
            mark: Some("ABORTED"),
        };
        let page = document.render(&Html::default()).unwrap();
        let text = page.text();
        let (_, style) = text.split_once("<style>").unwrap();
        let (style, _) = style.split_once("</style>").unwrap();
        let hash = Base64::encode_string(&sha256(style.as_bytes()));
        assert!(text.contains(&format!("default-src 'none'; style-src 'sha256-{hash}';")));
        assert!(style.contains("size: letter") && style.contains("content: \"PRACTICE ABORTED\""));
        assert!(style.contains("counter(page)") && style.contains("counter(pages)"));
        for mark in ["PRACTICE", "ABORTED"] {
            assert!(text.contains(&format!("<div class=\"watermark\"><span>{mark}</span>")));
        }
    }

    #[test]
    fn all_words_of_the_plan_are_in_the_footer() {
        let plan = test_plan();
        let document = Document {
            title: "Script",
            plan: &plan,
            paper: None,
            mark: None,
        };
        let page = document.render(&Html::default()).unwrap();
        let text = page.text();
        let words = hash_words(&plan.identity().unwrap().hash.0);
        assert_eq!(words.split(' ').count(), 24);
        assert!(text.contains(&format!("@bottom-left {{ content: \"Plan {words}\" }}")));
        assert!(!text.contains("class=\"watermark\""));
    }
}
