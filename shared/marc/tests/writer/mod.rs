//! Writes records as libraries do, from what a test says. Shares no code with the reader.

use encoding_rs::GB18030;

/// A record to be written: leader and fields, subfields written as `$a`.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) leader: String,
    pub(crate) fields: Vec<(String, String)>,
}

/// A UNIMARC record of a book.
pub(crate) fn unimarc(fields: &[(&str, &str)]) -> Written {
    written("00000nam0 2200000   450 ", fields)
}

/// A MARC 21 record of a book, in UTF-8.
pub(crate) fn marc21(fields: &[(&str, &str)]) -> Written {
    written("00000nam a2200000 a 4500", fields)
}

fn written(leader: &str, fields: &[(&str, &str)]) -> Written {
    let fields = fields.iter().map(|(tag, text)| ((*tag).to_owned(), (*text).to_owned())).collect();
    Written { leader: leader.to_owned(), fields }
}

impl Written {
    /// ISO 2709, each field's text made bytes by `encode`.
    pub(crate) fn encoded(&self, encode: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
        let (mut directory, mut data) = (Vec::new(), Vec::new());
        for (tag, text) in &self.fields {
            let mut field = encode(&text.replace('$', "\u{1f}"));
            field.push(0x1e);
            directory.extend(format!("{tag}{:04}{:05}", field.len(), data.len()).bytes());
            data.append(&mut field);
        }
        directory.push(0x1e);
        data.push(0x1d);
        let base = 24 + directory.len();
        let (length, leader) = (base + data.len(), &self.leader);
        let leader = |range: std::ops::Range<usize>| leader.as_bytes().get(range).unwrap_or_default();
        let (length, base) = (format!("{length:05}"), format!("{base:05}"));
        [length.as_bytes(), leader(5..12), base.as_bytes(), leader(17..24), &directory, &data].concat()
    }

    /// ISO 2709 in UTF-8.
    pub(crate) fn utf8(&self) -> Vec<u8> {
        self.encoded(|text| text.as_bytes().to_vec())
    }

    /// ISO 2709 in GB18030.
    pub(crate) fn gb18030(&self) -> Vec<u8> {
        self.encoded(|text| GB18030.encode(text).0.into_owned())
    }

    /// MARCXML: the record alone.
    pub(crate) fn xml(&self) -> String {
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
        let mut xml = format!("<record><leader>{}</leader>", self.leader);
        for (tag, text) in &self.fields {
            if tag.as_str() < "010" {
                xml += &["<controlfield tag=\"", tag, "\">", &escaped(text), "</controlfield>"].concat();
                continue;
            }
            let mut parts = text.split('$');
            let indicators = parts.next().unwrap_or_default();
            let (one, two) = (indicators.get(..1).unwrap_or(" "), indicators.get(1..2).unwrap_or(" "));
            xml += &["<datafield tag=\"", tag, "\" ind1=\"", one, "\" ind2=\"", two, "\">"].concat();
            for part in parts {
                let (code, value) = part.split_at(1);
                xml += &["<subfield code=\"", code, "\">", &escaped(value), "</subfield>"].concat();
            }
            xml += "</datafield>";
        }
        xml + "</record>"
    }
}

/// MARCXML: a collection of these.
pub(crate) fn collection(records: &[Written]) -> Vec<u8> {
    let records: String = records.iter().map(Written::xml).collect();
    let head =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<collection xmlns=\"http://www.loc.gov/MARC21/slim\">";
    format!("{head}{records}</collection>").into_bytes()
}

/// A book as Chinese libraries describe it.
pub(crate) fn chinese_book() -> Written {
    unimarc(&[
        ("001", "012026000001"),
        ("005", "20260927093000.0"),
        ("010", "  $a978-7-02-000220-7$b精装$dCNY59.70"),
        ("100", "  $a20260927d2008    em y0chiy50      ea"),
        ("101", "0 $achi"),
        ("102", "  $aCN$b110000"),
        ("105", "  $aa   z   000ay"),
        ("106", "  $ar"),
        ("200", "1 $a测试图书$9ce shi tu shu$e网上借阅示例$h上册$f张三著$g李四译"),
        ("205", "  $a第3版"),
        ("210", "  $a北京$c测试出版社$d2008"),
        ("215", "  $a320页$c图$d21cm"),
        ("225", "2 $a测试丛书"),
        ("300", "  $a本书为测试数据"),
        ("330", "  $a内容提要示例。"),
        ("461", " 0$12001 $a测试丛书"),
        ("606", "0 $a图书馆工作$x信息服务"),
        ("690", "  $aG252$v5"),
        ("701", " 0$a张三$9zhang san$4著"),
        ("702", " 0$a李四$4译"),
        ("801", " 0$aCN$bCNBJL$c20260927"),
        ("905", "  $a110101-1-LIB$b01110000000012$dG252$e1001$f2"),
    ])
}
