//! Keys and roles: an owner makes a key and refuses it; whoever has it sees what it opens.

use crate::browser::Browser;
use crate::stage::Stage;

#[test]
fn a_key_of_the_door_opens_the_door_alone_until_it_is_refused() {
    let stage = Stage::set();
    let Some(opal) = Browser::at(&stage.house) else { return };
    let Some(dora) = Browser::at(&stage.house) else { return };
    opal.sign_in_with(&stage.key());
    opal.go("/operator/staff");
    opal.fill("[name=name]", "Dora");
    opal.choose("[name=role]", "door");
    opal.click_through("form[action='/operator/staff'] button");
    opal.read("The key of Dora");
    let key = opal.text("#made");

    dora.sign_in_with(&key);
    dora.arrive("/operator/door");
    assert_eq!(dora.count(".desk a"), 1, "nothing but the door");
    dora.fill("#code", "NO-SUCH-TICKET");
    dora.click("#door button.big");
    dora.read("This is no ticket of this house");
    dora.expect("/operator - Failed");
    dora.go("/operator");
    dora.read("This key does not allow it");
    dora.click_through("main a.button");
    dora.arrive("/operator/door");

    opal.go("/operator/staff");
    assert!(!opal.page().contains(&key), "a key is shown once");
    opal.click_through("form[action$='/refuse'] button");
    opal.wait("document.querySelectorAll('td .state').length === 2");
    dora.expect("/operator/door - Failed");
    dora.reload();
    dora.read("Sign in with the key of an operator.");
}

#[test]
fn a_key_that_only_looks_is_offered_nothing_to_change() {
    let stage = Stage::set();
    let Some(opal) = Browser::at(&stage.house) else { return };
    opal.sign_in_with(&stage.key());
    assert!(visible(&opal) > 3, "an owner turns the dial");
    opal.go("/operator/staff");
    opal.fill("[name=name]", "Rita");
    opal.choose("[name=role]", "read-only");
    opal.click_through("form[action='/operator/staff'] button");
    opal.read("The key of Rita");
    let key = opal.text("#made");
    opal.click_through("form[action='/operator/sign-out'] button");
    opal.arrive("/operator/sign-in");
    opal.sign_in_with(&key);
    opal.read("Your key shows everything and changes nothing");
    assert_eq!(visible(&opal), 0, "but to sign out");
}

/// How many buttons of the page change something.
fn visible(opal: &Browser) -> u64 {
    let script = "return [...document.querySelectorAll('main form[method=post] button')].filter(
        (one) => one.offsetParent && !one.form.action.endsWith('/sign-out')).length";
    opal.run(script).as_u64().unwrap()
}
