//! The first way: each invariant as a query that finds what breaks it.

use super::Report;
use crate::trouble;
use admitone_app::Trouble;
use rusqlite::Connection;

/// What each query looks for. It answers a line of text for each row that breaks the rule.
pub(super) const ALL: [(&str, &str); 20] = [
    (
        "more held and sold than there is",
        "SELECT 'type_' || id || ': ' || held || ' held, ' || sold || ' sold of ' || capacity \
         FROM ticket_type WHERE held < 0 OR sold < 0 OR held + sold > capacity",
    ),
    ("a negative balance", "SELECT hex(buyer) || ': ' || balance FROM wallet WHERE balance < 0"),
    (
        "a balance that is not the sum of its entries",
        "SELECT hex(wallet.buyer) || ': ' || balance || ' instead of ' || ifnull(total, 0) \
         FROM wallet LEFT JOIN (SELECT buyer, sum(CASE WHEN kind IN (1, 3) THEN -amount ELSE amount END) \
         AS total FROM entry GROUP BY buyer) AS sums ON sums.buyer = wallet.buyer \
         WHERE balance <> ifnull(total, 0)",
    ),
    (
        "entries without a wallet",
        "SELECT 'entry_' || entry.id FROM entry LEFT JOIN wallet ON wallet.buyer = entry.buyer \
         WHERE wallet.buyer IS NULL",
    ),
    ("an entry that moves nothing", "SELECT 'entry_' || id FROM entry WHERE amount <= 0"),
    (
        "more refunded than paid",
        "SELECT 'pay_' || id FROM payment WHERE refunded < 0 OR refunded > amount",
    ),
    (
        "a refund that its payment does not count",
        "SELECT 'pay_' || payment.id || ': ' || refunded || ' instead of ' || ifnull(total, 0) \
         FROM payment LEFT JOIN (SELECT payment AS id, sum(amount) AS total FROM entry \
         WHERE kind = 2 GROUP BY payment) AS sums ON sums.id = payment.id \
         WHERE refunded > ifnull(total, 0) \
         OR refunded < total AND ask_at IS NULL",
    ),
    (
        "a seat of a reservation that does not exist",
        "SELECT 'seat_' || seat.id FROM seat LEFT JOIN reservation ON reservation.id = owner \
         WHERE owner IS NOT NULL AND reservation.id IS NULL",
    ),
    (
        "a seat with half a state",
        "SELECT 'seat_' || id FROM seat WHERE state NOT IN (0, 1, 2, 3) \
         OR (state IN (1, 2)) <> (owner IS NOT NULL) OR (state = 1) <> (held_until IS NOT NULL)",
    ),
    (
        "a seat of a reservation of another show",
        "SELECT 'seat_' || seat.id || ' of res_' || owner FROM seat \
         JOIN reservation ON reservation.id = owner WHERE reservation.show <> seat.show",
    ),
    (
        "a seat that is held longer or shorter than its reservation",
        "SELECT 'seat_' || seat.id || ' of res_' || owner FROM seat \
         JOIN reservation ON reservation.id = owner \
         WHERE state = 1 AND is_held = 1 AND seat.held_until <> reservation.held_until",
    ),
    (
        "a sold seat that nobody paid",
        "SELECT 'seat_' || id || ' of res_' || owner FROM seat WHERE state = 2 AND owner NOT IN \
         (SELECT reservation FROM payment WHERE reservation IS NOT NULL)",
    ),
    (
        "a pinned seat of a buyer who pays nothing",
        "SELECT 'seat_' || seat.id || ' of res_' || owner FROM seat \
         JOIN reservation ON reservation.id = owner \
         WHERE state = 1 AND seat.held_until = 9223372036854775807 AND NOT EXISTS (SELECT 1 \
         FROM payment WHERE payment.buyer = reservation.buyer AND ask_at IS NOT NULL)",
    ),
    (
        "a reservation paid twice",
        "SELECT 'res_' || reservation FROM payment WHERE reservation IS NOT NULL \
         GROUP BY reservation HAVING count(*) > 1",
    ),
    (
        "a payment for somebody else's reservation, or none",
        "SELECT 'pay_' || payment.id FROM payment \
         LEFT JOIN reservation ON reservation.id = payment.reservation \
         WHERE payment.reservation IS NOT NULL AND payment.buyer IS NOT reservation.buyer",
    ),
    (
        "a use or a refund that is not its payment's",
        "SELECT 'entry_' || entry.id FROM entry LEFT JOIN payment ON payment.id = entry.payment \
         WHERE (kind IN (0, 3)) <> (entry.payment IS NULL) \
         OR kind IN (1, 2) AND payment.buyer IS NOT entry.buyer \
         OR kind = 1 AND payment.amount IS NOT entry.amount",
    ),
    (
        "a payment taken twice",
        "SELECT 'pay_' || payment FROM entry WHERE kind = 1 AND payment IS NOT NULL \
         GROUP BY payment HAVING count(*) > 1",
    ),
    (
        "a quota below the seats of its buyer",
        "SELECT hex(owned.buyer) || ' in show_' || owned.show || ': ' || seats || ' seats' FROM \
         (SELECT reservation.show, reservation.buyer, count(*) AS seats FROM seat \
         JOIN reservation ON reservation.id = owner GROUP BY 1, 2) AS owned \
         LEFT JOIN quota ON quota.show = owned.show AND quota.buyer = owned.buyer \
         WHERE seats > ifnull(taken, 0)",
    ),
    (
        "quotas below what a show has held and sold",
        "SELECT 'show_' || used.show || ': ' || pieces || ' pieces' FROM \
         (SELECT show, sum(count) AS pieces FROM \
         (SELECT show, held + sold AS count FROM ticket_type UNION ALL \
         SELECT show, 1 FROM seat WHERE state IN (1, 2)) GROUP BY show) AS used \
         LEFT JOIN (SELECT show, sum(taken) AS taken FROM quota GROUP BY show) AS quotas \
         ON quotas.show = used.show WHERE pieces > ifnull(taken, 0)",
    ),
    (
        "events of a batch that was never folded",
        "SELECT 'batch ' || seq FROM event \
         WHERE seq > (SELECT value FROM meta WHERE name = 'folded_seq')",
    ),
];

/// Runs one query and takes note of what it finds.
pub(super) fn run(
    tables: &Connection,
    what: &str,
    sql: &str,
    report: &mut Report,
) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let mut query = tables.prepare(sql).map_err(&failed)?;
    let found = query.query_map([], |row| row.get::<_, String>(0)).map_err(&failed)?;
    for line in found {
        report.findings.push(format!("{what}: {}", line.map_err(&failed)?));
    }
    Ok(())
}
