//! An index as UTF-8: editors on Windows write a byte-order mark, or UTF-16.

use std::borrow::Cow;
use std::io::{BufRead, Cursor, Read};

use crate::x509::{X509Error, to_utf8};

/// Enough bytes to recognise UTF-16 without a mark.
const LOOKED_AT: u64 = 64;

/// The same text as UTF-8, without a byte-order mark. UTF-16 is read to its end first, because it has a line feed in other characters too.
///
/// # Errors
/// [`X509Error::BrokenText`] for UTF-16 that cannot be read, and UTF-32.
pub(super) fn in_utf8<'a>(mut index: impl BufRead + 'a) -> Result<Box<dyn BufRead + 'a>, X509Error> {
    let failed = |error: std::io::Error| X509Error::Index {
        line: 1,
        reason: error.to_string(),
    };
    let mut start = Vec::new();
    Read::by_ref(&mut index)
        .take(LOOKED_AT)
        .read_to_end(&mut start)
        .map_err(failed)?;
    let mark = match to_utf8(&start) {
        Ok(Cow::Borrowed(text)) => start.len() - text.len(),
        // UTF-16, perhaps with half a character at the end of what was looked at.
        Ok(Cow::Owned(_)) | Err(_) => {
            index.read_to_end(&mut start).map_err(failed)?;
            return Ok(Box::new(Cursor::new(to_utf8(&start)?.into_owned())));
        }
    };
    start.drain(..mark);
    Ok(Box::new(Cursor::new(start).chain(index)))
}

#[cfg(test)]
mod tests {
    use crate::x509::OpensslIndex;

    #[test]
    fn an_index_of_windows_is_read() {
        let line = |serial: u8| {
            format!("R\t350101000000Z\t261120000000Z\t{serial:02X}\tunknown\t/CN=\u{e4}\u{1f511}\r\n")
        };
        let text: String = (1..=9).map(line).collect();
        let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
        let (little, big) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
        for index in [
            text.as_bytes().to_vec(),
            [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat(),
            [&[0xff, 0xfe][..], &little].concat(),
            [&[0xfe, 0xff][..], &big].concat(),
            little.clone(),
        ] {
            assert_eq!(OpensslIndex::read(&index[..]).unwrap().len(), 9);
        }
        let half = [&[0xff, 0xfe][..], &little, &[0]].concat();
        let wider: Vec<u8> = text
            .chars()
            .flat_map(|one| u32::from(one).to_le_bytes())
            .collect();
        for (index, is) in [
            (half, "UTF-16"),
            ([&[0xff, 0xfe, 0, 0][..], &wider].concat(), "UTF-32"),
        ] {
            let refused = OpensslIndex::read(&index[..]).unwrap_err().to_string();
            assert!(refused.contains(is), "{refused}");
        }
    }
}
