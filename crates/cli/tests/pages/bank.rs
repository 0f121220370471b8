//! Paying at the bank's page, which has three outcomes: confirmed, declined, and not known yet.

use crate::browser::Browser;
use crate::outlook::photograph;
use crate::process::serve;
use crate::stage::{Stage, WINTER, concert, rows};
use admitone_conformance::kept_ports::KeptPorts;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A gateway that takes no money. Dropped, it is killed.
struct Bank(Child);

impl Bank {
    fn open(port: u16) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
        command.args(["fake-gateway", "--listen", &format!("127.0.0.1:{port}")]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines().next();
        assert!(said.is_some_and(|line| line.is_ok()), "the bank ended before it listened");
        Self(child)
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn hold(ann: &Browser) {
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.choose("[name=best]", "2");
    ann.click_through(".best button");
    ann.arrive("/reservations/res_");
    ann.read("Pay by card or transfer");
}

/// Goes to the bank's page and chooses there.
fn at_the_bank(ann: &Browser, choice: &str) {
    ann.click_through("#bank");
    ann.read("A bank that takes no money");
    ann.click_through(choice);
    ann.arrive("/reservations/res_");
}

#[test]
fn a_payment_at_the_bank_is_confirmed_declined_or_being_checked() {
    let kept = KeptPorts::<1>::keep();
    let port = kept.numbers()[0];
    let bank = format!("127.0.0.1:{port}");
    let programme = json!({ "concerts": [concert("Winter", "rock", &json!({ "seats": rows("A", 3, 10, 10) }))] });
    let stage = Stage::run(&programme, |directory| {
        let mut command = serve(directory, &["--gateway", &format!("http://{bank}")]);
        command.env("ADMITONE_GATEWAY_SECRET_KEY", "test_sk_admitone");
        command.env("ADMITONE_GATEWAY_PAGE", format!("http://{bank}/pay"));
        command.env("ADMITONE_GATEWAY_ANSWER_MS", "20000").env("ADMITONE_GATEWAY_WAIT_MS", "1000");
        command
    });
    let Some(ann) = Browser::at(&stage.house) else { return };
    let _bank = Bank::open(port);
    // It is the one other house that a buyer is sent to.
    ann.expect(&bank);
    ann.sign_up("Ann", 0);

    hold(&ann);
    at_the_bank(&ann, "li:nth-of-type(2) a");
    ann.read("The bank declined the payment");
    ann.read("Nothing was charged.");
    ann.read("Held for you alone:");
    photograph(&ann, "bank-declined");
    at_the_bank(&ann, "li:nth-of-type(4) a");
    ann.read("You left the bank's page without paying");
    at_the_bank(&ann, "li:nth-of-type(1) a");
    ann.read("Paid. The tickets are yours.");
    assert!(!ann.path().contains('?'), "nothing of the payment stays: {}", ann.path());

    hold(&ann);
    at_the_bank(&ann, "li:nth-of-type(3) a");
    ann.read("We are checking with your bank.");
    ann.read("Do not pay again");
    assert_eq!(ann.count("#pay, #bank"), 0);
    photograph(&ann, "bank-checking");
    // Nobody does anything: the page itself says what came of it.
    ann.read("Paid. The tickets are yours.");
    drop(ann);
    stage.strike();
}
