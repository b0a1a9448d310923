use super::*;
use JsonProblem::{Ended, Escape, TooDeep, Unexpected};

members! {
    Known { Data = "Data", Aa = "aA" }
}

fn json<T: AsRef<[u8]> + ?Sized>(text: &T) -> Json<'_> {
    Json::new(text.as_ref())
}

/// How many bytes have not been read.
fn remaining(json: &Json) -> usize {
    json.bytes.len() - json.position()
}

fn problem<T: std::fmt::Debug>(result: Result<T, DecodeError>) -> (JsonProblem, usize) {
    match result {
        Err(DecodeError::Json { problem, at }) => (problem, at),
        other => panic!("{other:?}"),
    }
}

fn text(json: &mut Json) -> Result<String, DecodeError> {
    json.text().map(|text| String::from_utf8(json.contents(text).into_owned()).unwrap())
}

/// What stands behind a value is here too: without it a number could go on.
fn skipped(text: impl AsRef<[u8]>) -> Result<(), DecodeError> {
    let text = [text.as_ref(), b" "].concat();
    let mut json = json(&text);
    json.skip()?;
    json.end()
}

#[test]
fn strings_are_read_with_their_escapes() {
    for (written, read) in [
        (r#""""#, ""),
        (r#""plain""#, "plain"),
        (r#""clé 🦀""#, "clé 🦀"),
        (r#"" \" \\ \/ \b \f \n \r \t ""#, " \" \\ / \u{8} \u{c} \n \r \t "),
        (r#""\u0041\u00e9\u20AC""#, "Aé€"),
        (r#""\ud83e\udd80""#, "🦀"),
        (r#""\\u0041""#, "\\u0041"),
        (r#""\\""#, "\\"),
        ("\"\u{1}\n\"", "\u{1}\n"),
        (r#""a\nb\nc""#, "a\nb\nc"),
    ] {
        let written_so = format!(" {written} ,");
        let mut json = json(&written_so);
        assert_eq!(text(&mut json).as_deref(), Ok(read), "{written}");
        assert_eq!(remaining(&json), 2, "{written}");
    }
}

#[test]
fn broken_strings_are_refused() {
    for (written, what, at) in [
        (r#""open"#, Ended, 0),
        (r#""open\"#, Ended, 5),
        (r#""open\""#, Ended, 0),
        (r#""\u12"#, Ended, 1),
        (r#""\ud83e\udd"#, Ended, 1),
        (r#""\x00000000000""#, Escape, 1),
        (r#""\u12g4        ""#, Escape, 1),
        (r#""\u+123        ""#, Escape, 1),
        (r#""\ud83e        ""#, Escape, 1),
        (r#""\ud83e\u0041  ""#, Escape, 1),
        (r#""\udd80\ud83e  ""#, Escape, 1),
        ("plain", Unexpected, 0),
        ("", Ended, 0),
    ] {
        assert_eq!(problem(text(&mut json(written))), (what, at), "{written}");
    }
}

#[test]
fn every_value_can_be_passed_over() {
    for text in [
        "0",
        "-1.5e+3",
        "true",
        "false",
        "null",
        r#""a\"b""#,
        "[]",
        "{}",
        " [ ] ",
        "[[],[[]],{}]",
        r#"{"a":1}"#,
        r#"{"a":[1,{"b":null}],"c":"]}"}"#,
        r#"[1 , "," , {"}":[]} ]"#,
        r#"{"a":{},"b":[{}]}"#,
    ] {
        assert_eq!(skipped(text), Ok(()), "{text}");
    }
}

#[test]
fn what_is_no_json_is_not_passed_over() {
    for text in [
        "",
        "[",
        "{",
        "[1",
        "[1,",
        "[,1]",
        "[1,]",
        "[1 2]",
        "[1}",
        "{\"a\":1]",
        "{\"a\"}",
        "{\"a\":}",
        "{1:2}",
        "{\"a\":1,}",
        "{,}",
        "nul",
        "nulll",
        "True",
        "01",
        "1.",
        "\"",
        "]",
        "}",
        "[]]",
        "{}x",
        "1 2",
        "\u{a0}1",
        "+1",
    ] {
        assert!(skipped(text).is_err(), "{text}");
    }
}

#[test]
fn nesting_is_bounded() {
    let depth = MAX_DEPTH as usize;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert_eq!(skipped(nested(depth)), Ok(()));
        assert_eq!(problem(skipped(nested(depth + 1))), (TooDeep, depth * open.len()));
        assert_eq!(problem(skipped(open.repeat(1 << 20))).0, TooDeep);
    }
    // Lists and objects in turn, each closed by its own bracket.
    assert_eq!(skipped(format!("{}1{}", "[{\"a\":".repeat(depth / 2), "}]".repeat(depth / 2))), Ok(()));
    assert!(skipped("[{\"a\":[1}]]").is_err());
}

#[test]
fn an_object_is_read_member_by_member() {
    let mut json = json(r#"{"a\u0041":"x\ny", "b":7} !"#);
    json.open(b'{').unwrap();
    let mut first = true;
    assert!(json.more(&mut first, b'}').unwrap());
    assert_eq!(json.name().unwrap(), Some(Known::Aa));
    let text = json.text().unwrap();
    assert_eq!(&*json.contents(text), b"x\ny");
    assert!(json.more(&mut first, b'}').unwrap());
    assert_eq!(json.name::<Known>().unwrap(), None);
    assert_eq!(json.number().unwrap().scaled(0), Some(7));
    assert!(!json.more(&mut first, b'}').unwrap());
    assert_eq!(problem(json.end()), (Unexpected, 26), "places are those of the whole text");
}

#[test]
fn a_text_that_is_cut_off_has_no_other_problem() {
    let text = r#" { "a\u00e9\ud83e\udd80\n" : [ -12.5e+3 , true , false , null , {} , "x" ] , "Data":1730000000.123 } "#;
    assert_eq!(skipped(text), Ok(()));
    for len in 0..text.len() - 2 {
        let mut json = json(&text.as_bytes()[..len]);
        assert_eq!(problem(json.skip()).0, Ended, "{len}");
    }
}

#[test]
fn a_name_is_known_however_it_is_written() {
    for (written, known) in [
        (r#""Data":"#, true),
        (r#" "Data" : "#, true),
        (r#""D\u0061ta":"#, true),
        (r#""":"#, false),
        (r#""Dat":"#, false),
        (r#""Datas":"#, false),
        (r#""data":"#, false),
        (r#""Data\"":"#, false),
    ] {
        let written_so = format!("{written}1 ");
        let mut json = json(&written_so);
        assert_eq!(json.name().unwrap(), known.then_some(Known::Data), "{written}");
        assert_eq!(json.number().unwrap().scaled(0), Some(1), "{written}");
    }
    for written in [r#""Data""#, r#""Data"1"#, r#""Data"#, "Data:", r#"'Data':"#, ""] {
        assert!(json(written).name::<Known>().is_err(), "{written}");
    }
}

#[test]
fn a_text_of_a_length_is_shown_only_between_quotes() {
    for (written, shown) in [
        (r#""abc""#, true),
        (r#""a"c""#, true),
        (r#""abcd""#, false),
        (r#""ab""#, false),
        (r#" abc""#, false),
        (r#""abc"#, false),
        ("", false),
    ] {
        assert_eq!(json(written).text_of::<3>().is_some(), shown, "{written}");
    }
    let mut json = json(r#""abc",7"#);
    assert_eq!(json.text_of(), Some(b"abc"));
    json.skip_text::<3>();
    assert_eq!(remaining(&json), 2);
}
