//! A page that is kept in memory: rendered once for all who are shown the same, with gaps where
//! something is of one visitor alone, and filled in for each.
//!
//! Only what cannot hold markup goes into a gap: numbers, and tokens of our own letters. Words of
//! anybody are rendered, and escaped, with the rest.

use crate::frame::rendered;
use crate::oops::Oops;
use askama::Template;

/// The marks of the gaps of one sheet: nobody who wrote a word that stands on it could know them.
pub(crate) struct Marks(String);

impl Marks {
    /// Marks that were never used before: `drawn` is a random number.
    pub(crate) fn new(drawn: u128) -> Self {
        Self(format!("{drawn:032x}"))
    }

    /// The mark of a gap, a letter of ASCII.
    pub(crate) fn gap(&self, gap: char) -> String {
        format!("{}{gap}", self.0)
    }
}

/// A rendered page, cut where its gaps are.
pub(crate) struct Sheet {
    begin: String,
    /// What fills a gap, and the text behind it.
    rest: Vec<(char, String)>,
    length: usize,
}

impl Sheet {
    /// Renders a page whose gaps were marked.
    pub(crate) fn render(page: &impl Template, marks: &Marks) -> Result<Self, Oops> {
        rendered(page).map(|text| Self::cut(&text, marks))
    }

    fn cut(text: &str, marks: &Marks) -> Self {
        let mut parts = text.split(marks.0.as_str());
        let begin = parts.next().unwrap_or_default().to_owned();
        let rest = parts.filter_map(|part| {
            let mut letters = part.chars();
            letters.next().map(|gap| (gap, letters.as_str().to_owned()))
        });
        Self { begin, rest: rest.collect(), length: text.len() }
    }

    /// The page of one visitor: `write` writes what belongs into a gap.
    pub(crate) fn filled(&self, write: impl Fn(char, &mut String)) -> String {
        // What goes into a gap is no longer than its mark.
        let mut page = String::with_capacity(self.length);
        page.push_str(&self.begin);
        for (gap, text) in &self.rest {
            write(*gap, &mut page);
            page.push_str(text);
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_where_their_marks_were() {
        let marks = Marks::new(7);
        let (a, b) = (marks.gap('a'), marks.gap('b'));
        let sheet = Sheet::cut(&format!("{a} of {b}, <b>{a}</b>"), &marks);
        let filled = sheet.filled(|gap, page| page.push_str(if gap == 'a' { "1" } else { "22" }));
        assert_eq!(filled, "1 of 22, <b>1</b>");
        let plain = Sheet::cut("nothing of anybody", &marks);
        assert_eq!(plain.filled(|_, page| page.push('!')), "nothing of anybody");
    }

    #[test]
    fn who_writes_the_mark_of_another_sheet_opens_no_gap() {
        let sheet = Sheet::cut(&Marks::new(7).gap('a'), &Marks::new(8));
        let filled = sheet.filled(|_, page| page.push('!'));
        assert_eq!(filled, Marks::new(7).gap('a'));
    }
}
