//! What the reference systems published, beside what the same design did here, and what differs: two
//! figures of different machines are no race.

use crate::figures::Spread;
use crate::matrix::standing::{columns, median, row, throughput};
use crate::matrix::words::runs;
use crate::matrix::{ActMeasured, Matrix, Measured, Table};
use crate::reports::{maybe, number, number_of};
use std::fmt::Write;

/// What differs in all of them.
pub(super) fn always(matrix: &Matrix) -> String {
    let spread = if runs(matrix) == Some((1, 1)) {
        "none gives the spread of several runs, and neither does this page"
    } else {
        "none gives the spread of several runs"
    };
    format!(
        "None of the five states its machine, or how generator, service and database shared it; {spread}. Here all of them \
         share the processors of one machine, and only outcomes that the audit lets stand are counted."
    )
}

/// What stands beside the table of a workload, if one of them published something about it.
pub(super) fn beside(matrix: &Matrix, table: &Table) -> String {
    match table.workload.as_str() {
        "overbook" => OVERBOOK.to_owned(),
        "cash" => cash(matrix, table),
        "confirm" => confirm(matrix, table),
        "points-spike" => points(matrix, table),
        "sell-out" => SELL_OUT.to_owned(),
        "whole-flow" => whole_flow(matrix, table),
        _ => String::new(),
    }
}

const OVERBOOK: &str = "R0 sent 1,000 virtual users for 5 s at one event and looked at status codes, response times and the \
     share that succeeded. It published no figure; its result is a choice table, which stands beside ours in \
     [choose.md](choose.md).\n";

const SELL_OUT: &str = "None of the five published a figure of a sale to its end.\n";

/// A strategy in the columns that a matrix has, read with one function.
fn here(
    (matrix, table): (&Matrix, &Table),
    strategy: &str,
    of: impl Fn(&Measured) -> Option<String>,
) -> String {
    let columns = columns(matrix).into_iter().filter_map(|instances| {
        let result = row(table, strategy, (instances, false))?.result.as_ref()?;
        Some(format!("{} with {instances}", of(result)?))
    });
    let columns: Vec<String> = columns.collect();
    let figures = if columns.is_empty() { "not run".to_owned() } else { columns.join(", ") };
    format!("`{strategy}`: {figures}")
}

fn rows(out: &mut String, rows: &[(&str, &str, String)]) {
    let _ =
        writeln!(out, "| published | figure | here, with so many instances |\n| --- | --- | --- |");
    for (what, figure, here) in rows {
        let _ = writeln!(out, "| {what} | {figure} | {here} |");
    }
}

fn ms(of: fn(&ActMeasured) -> Option<Spread>, act: Option<&ActMeasured>) -> String {
    maybe(median(act.and_then(of)))
}

fn cash(matrix: &Matrix, table: &Table) -> String {
    let took = |result: &Measured| {
        let rate = throughput(result);
        (rate > 0.0).then(|| format!("3,000 applied in {} s", number(3_000.0 / rate)))
    };
    let mut out = String::new();
    let of = |strategy: &str| here((matrix, table), strategy, took);
    rows(
        &mut out,
        &[
            ("R1, Kafka, its best of eight controls: 3,000 requests", "0.3 s", of("kafka")),
            ("R1, pessimistic lock: the load goes to the database", "no figure", of("pessimistic")),
            ("R1, spin lock: stopped its service at two requests", "no figure", of("spin-lock")),
        ],
    );
    out.push_str(
        "\nWhat differs: R1's time ends when Kafka has accepted a request; here it is counted when it is applied, answered and \
         audited, in the act that mixes charges and uses, and the time for 3,000 is computed from the rate.\n",
    );
    out
}

fn confirm(matrix: &Matrix, table: &Table) -> String {
    let mean = |result: &Measured| {
        let act = result.act("100 users")?;
        Some(format!("{} ms on average", maybe(median(act.mean_ms))))
    };
    let mut out = String::new();
    let of = |strategy: &str| here((matrix, table), strategy, mean);
    rows(
        &mut out,
        &[
            (
                "R2, one message in a transaction with a row lock",
                "32 s on average",
                of("pessimistic"),
            ),
            ("R2, a Redis lock around it", "25 s on average", of("redlock")),
            ("R2, batches under one lock, three consumers", "4 s on average", of("kafka-batch")),
        ],
    );
    let slow = table.head.as_ref().and_then(|head| head.parameters.get("slow_ms"));
    let here = slow.filter(|ms| **ms > 0).map_or_else(
        || "here it takes what it takes".to_owned(),
        |ms| format!("here each is made {ms} ms longer"),
    );
    // Writing into a text does not fail.
    let _ = writeln!(
        out,
        "\nWhat differs: R2 made each transaction of its database 20 s long on purpose, and {here}, so the \
         figures say nothing about each other. What can be compared is the order: whether batches do better than a lock for each."
    );
    out
}

fn points(matrix: &Matrix, table: &Table) -> String {
    let all = |result: &Measured| {
        let act = result.last();
        let wrong: u64 = result.findings.values().sum();
        Some(format!(
            "p95 {} ms, mean {} ms, longest {} ms, {} wrong, {} failed",
            ms(|act| act.p95_ms, act),
            ms(|act| act.mean_ms, act),
            ms(|act| act.longest_ms, act),
            number_of(wrong),
            number_of(result.failed)
        ))
    };
    let mut out = String::new();
    let of = |strategy: &str| here((matrix, table), strategy, all);
    rows(
        &mut out,
        &[
            (
                "R3, pessimistic lock",
                "p95 7.64 ms, mean 64 ms, longest 91 s, 20 inconsistent, 99.96 % succeeded",
                of("pessimistic"),
            ),
            (
                "R3, pessimistic and Redis lock",
                "p95 10.49 ms, mean 119 ms, longest 91 s, 1 inconsistent, 99.99 % succeeded",
                of("double-lock"),
            ),
            (
                "R3, Redis lock",
                "p95 6.85 ms, mean 82 ms, longest 91 s, 2 inconsistent, 99.96 % succeeded",
                of("redlock"),
            ),
        ],
    );
    out.push_str(
        "\nWhat differs: R3's figures are of two minutes in which 100 users over many wallets and a spike of 50 on one were counted \
         together, 62 requests a second in all; here 50 users ask for one wallet as fast as they are answered, so each waits \
         behind 49 others.\n",
    );
    out
}

fn whole_flow(matrix: &Matrix, table: &Table) -> String {
    let visits = |result: &Measured| {
        let (rate, act) = (number(throughput(result)), result.last());
        Some(format!("{rate} whole visits a second, p50 {} ms", ms(|act| act.p50_ms, act)))
    };
    let mut out = String::new();
    let of = |strategy: &str| here((matrix, table), strategy, visits);
    rows(
        &mut out,
        &[
            (
                "R4, tokens issued to 2,000 users",
                "157,184 in 60 s, mean 220 ms, 0.29 % failed",
                of("batched"),
            ),
            (
                "R4, seats of a concert shown to 1,500 users",
                "7,900 in 60 s, mean 341 ms",
                of("optimistic"),
            ),
        ],
    );
    out.push_str(
        "\nWhat differs: nobody published a figure of the whole flow. R4's are of single steps in a closed loop; a visit here \
         is at least six requests, and visits come at the rate that is set, so the rate says only whether it was kept up with.\n",
    );
    out
}
