//! The web page as it is handed out; what it does is tested in a browser.

use crate::support::client::{Connection, get};
use crate::support::instance::Instance;

#[test]
fn the_page_and_all_it_names_are_there_and_may_load_nothing_else() {
    let instance = Instance::empty();
    let page = get(instance.address, "/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let html = String::from_utf8(page.body).unwrap();
    let named: Vec<&str> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| html.split(attribute).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .filter(|name| !name.starts_with('#'))
        .collect();
    assert!(named.len() >= 2, "{named:?}");
    for name in named {
        let file = get(instance.address, &format!("/{name}"));
        assert_eq!(file.status, 200, "{name}");
        let policy = file.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(file.header("x-segue-instance"), Some("test-instance"));
    }
}

#[test]
fn a_browser_that_has_a_file_is_told_so() {
    let instance = Instance::empty();
    let first = get(instance.address, "/");
    let tag = first.header("etag").unwrap();
    let ask = |tag: &str| {
        let mut connection = Connection::open(instance.address);
        connection.send(format!("GET / HTTP/1.1\r\nhost: s\r\nif-none-match: {tag}\r\n\r\n"));
        connection.try_receive(false).unwrap()
    };
    assert_eq!(ask(tag).status, 304);
    assert_eq!(ask(tag).header("etag"), Some(tag));
    assert_eq!(ask("\"another\"").status, 200);
}
