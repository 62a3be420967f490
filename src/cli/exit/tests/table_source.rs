//! Reads the rows of the table from its source text: the errors, the kind, the exit code and the hint. The enums of the library are
//! `#[non_exhaustive]`, so the compiler accepts a match without a new variant. This reader finds the variants that fall into each `_`.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Arm, Expr, ExprMatch, ExprTuple, File, ItemConst, Lit, Pat, Path};

const CODES: [(&str, &str); 4] = [
    ("FAILED", "1"),
    ("USAGE", "2"),
    ("REFUSED", "3"),
    ("UNAVAILABLE", "4"),
];

/// The hint and the errors of a kind with an exit code.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// `Enum::Variant`.
    pub(super) errors: BTreeSet<String>,
    pub(super) hints: Vec<String>,
}

/// Kind and exit code.
type Key = (String, String);

/// The whole table.
#[derive(Debug, Default)]
pub(super) struct TableSource {
    pub(super) rows: BTreeMap<Key, Said>,
    /// Variants with a row, or with an arm that uses the row of their cause.
    pub(super) covered: BTreeSet<String>,
    /// The matched enums, with their variants.
    pub(super) enums: BTreeMap<String, BTreeSet<String>>,
    /// Variants that an arm matches completely, so that no `_` matches them.
    whole: BTreeSet<String>,
    /// Named rows.
    named: BTreeMap<String, Key>,
    /// What the arms around the visited expression match.
    current: BTreeSet<String>,
}

impl TableSource {
    /// Reads the files of the table. `variants` returns those of an enum.
    pub(super) fn read(files: &[File], variants: impl Fn(&str) -> BTreeSet<String>) -> Self {
        let mut arms = Arms::default();
        files.iter().for_each(|file| arms.visit_file(file));
        let mut table = Self {
            enums: arms
                .enums
                .into_iter()
                .map(|name| (name.clone(), variants(&name)))
                .collect(),
            whole: arms.whole,
            ..Self::default()
        };
        // Twice, because a named row may be used before its definition.
        for _ in 0..2 {
            files.iter().for_each(|file| table.visit_file(file));
        }
        table
    }

    fn add(&mut self, key: Key, hint: Option<String>) {
        let said = self.rows.entry(key).or_default();
        said.errors.extend(self.current.iter().cloned());
        said.hints.extend(hint.filter(|hint| !said.hints.contains(hint)));
    }

    /// What an arm matches: the variants that it names, or for `_` those that no arm matches completely. `None` if it names no enum.
    fn taken_by(&self, arm: &Arm, of: Option<&str>) -> Option<BTreeSet<String>> {
        let named: BTreeSet<_> = alternatives(&arm.pat)
            .into_iter()
            .filter_map(variant_of)
            .map(|(of, variant)| format!("{of}::{variant}"))
            .collect();
        if !named.is_empty() {
            return Some(named);
        }
        let of = of.filter(|_| is_open(&arm.pat))?;
        let rest = self.enums[of].iter().map(|variant| format!("{of}::{variant}"));
        Some(rest.filter(|variant| !self.whole.contains(variant)).collect())
    }
}

impl<'a> Visit<'a> for TableSource {
    fn visit_expr_match(&mut self, found: &'a ExprMatch) {
        let of = enum_of(found);
        for arm in &found.arms {
            let Some(taken) = self.taken_by(arm, of.as_deref()) else {
                visit::visit_expr(self, &arm.body);
                continue;
            };
            self.covered.extend(taken.iter().cloned());
            let around = std::mem::replace(&mut self.current, taken);
            self.visit_expr(&arm.body);
            self.current = around;
        }
    }

    fn visit_expr_tuple(&mut self, tuple: &'a ExprTuple) {
        let elements: Vec<_> = tuple.elems.iter().collect();
        if let [kind, code, hint] = elements[..]
            && let Some(key) = key(kind, code)
        {
            self.add(key, hint_in(hint));
        }
    }

    fn visit_item_const(&mut self, row: &'a ItemConst) {
        if let Expr::Tuple(tuple) = &*row.expr
            && let Some(key) = key(&tuple.elems[0], &tuple.elems[1])
        {
            self.named.insert(row.ident.to_string(), key);
            self.visit_expr_tuple(tuple);
        }
    }

    fn visit_path(&mut self, path: &'a Path) {
        let name = path.get_ident().map(ToString::to_string);
        if let Some(key) = name.and_then(|name| self.named.get(&name)) {
            self.add(key.clone(), None);
        }
    }
}

/// The matched enums, and the variants that are matched completely.
#[derive(Default)]
struct Arms {
    enums: BTreeSet<String>,
    whole: BTreeSet<String>,
}

impl<'a> Visit<'a> for Arms {
    fn visit_expr_match(&mut self, found: &'a ExprMatch) {
        self.enums.extend(enum_of(found));
        for arm in found.arms.iter().filter(|arm| arm.guard.is_none()) {
            for pattern in alternatives(&arm.pat) {
                if let Some((of, variant)) = variant_of(pattern).filter(|_| is_whole(pattern)) {
                    self.whole.insert(format!("{of}::{variant}"));
                }
            }
        }
        visit::visit_expr_match(self, found);
    }
}

/// The enum whose variants the arms of a match name.
fn enum_of(found: &ExprMatch) -> Option<String> {
    let patterns = found.arms.iter().flat_map(|arm| alternatives(&arm.pat));
    let mut named = patterns.filter_map(variant_of);
    named.next().map(|(of, _)| of)
}

fn alternatives(pattern: &Pat) -> Vec<&Pat> {
    match pattern {
        Pat::Or(or) => or.cases.iter().collect(),
        other => vec![other],
    }
}

/// `Enum::Variant` at the start of a pattern. A match of `Self::Variant` is not about rows.
fn variant_of(pattern: &Pat) -> Option<(String, String)> {
    let path = match pattern {
        Pat::Struct(found) => &found.path,
        Pat::TupleStruct(found) => &found.path,
        Pat::Path(found) => &found.path,
        _ => return None,
    };
    let mut names = path.segments.iter().map(|segment| segment.ident.to_string());
    let of = names.next().filter(|of| of != "Self")?;
    Some((of, names.next()?))
}

/// Whether a pattern matches its variant completely.
fn is_whole(pattern: &Pat) -> bool {
    match pattern {
        Pat::Struct(found) => found.fields.iter().all(|field| is_open(&field.pat)),
        Pat::TupleStruct(found) => found.elems.iter().all(is_open),
        _ => true,
    }
}

/// Whether a pattern matches everything.
fn is_open(pattern: &Pat) -> bool {
    match pattern {
        Pat::Ident(name) => name.subpat.is_none(),
        Pat::Wild(_) | Pat::Rest(_) => true,
        _ => false,
    }
}

fn key(kind: &Expr, code: &Expr) -> Option<Key> {
    let Expr::Lit(kind) = kind else { return None };
    let Lit::Str(kind) = &kind.lit else { return None };
    let code = match code {
        Expr::Path(path) => {
            let name = path.path.get_ident()?.to_string();
            CODES.iter().find(|(known, _)| *known == name)?.1
        }
        _ => "that of the session",
    };
    Some((kind.value(), code.to_owned()))
}

/// The text in `Some("…")`.
fn hint_in(hint: &Expr) -> Option<String> {
    let Expr::Call(some) = hint else { return None };
    let Some(Expr::Lit(text)) = some.args.first() else {
        return None;
    };
    match &text.lit {
        Lit::Str(text) => Some(text.value()),
        _ => None,
    }
}
