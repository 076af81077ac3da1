// Turns the lines of a measurement into a table and a plot of via/docs/performance.md.
//
//   node scripts/performance.js LINES.jsonl DIRECTORY SECTION
//
// It replaces the text between the markers `SECTION: begin` and `SECTION: end` of
// DIRECTORY/performance.md, and writes DIRECTORY/performance-SECTION.svg.

"use strict";

const fs = require("node:fs");
const path = require("node:path");

// For each line of the table: its name, its result, and the floor beside it.
const ROWS = {
    actions: (line) => ({
        what: `actions, counter, ${tabs(line.tabs)}${beside(line)}`,
        result: `${count(line.per_second)}/s`,
        time: `${micros(line.p50_us)} / ${micros(line.p99_us)}`,
        floor: `${count(line.floor_per_second)}/s; ${count(line.push_floor_per_second)} with a push`,
        ratio: line.ratio,
        pushRatio: line.push_ratio,
        cpu: line.cpu_us,
        floorCpu: line.floor_cpu_us,
    }),
    cell: (line) => ({
        ...ROWS.actions(line),
        what: `actions, one cell of 1,000 rows, ${tabs(line.tabs)}`,
    }),
    stores: (line) => ({
        ...ROWS.actions(line),
        what: `actions, counter, 64 sessions, ${line.store}`,
    }),
    commits: (line) => ({
        what: `commits of ${line.callers} callers, ${line.store} alone`,
        result: `${count(line.per_second)}/s`,
        time: `${micros(line.p50_us)} / ${micros(line.p99_us)}`,
        floor: line.floor_per_second === undefined ? "" : `${count(line.floor_per_second)}/s`,
        // This measures how many commits share one flush: times, not a share.
        ratio: line.store === "sqlite" ? undefined : line.ratio,
    }),
    fanout: (line) => ({
        what: `one commit to ${count(line.tabs)} tabs`,
        result: `${count(line.per_second)} patches/s`,
        time: `${micros(line.p50_us)} / ${micros(line.p99_us)}`,
        floor: `${count(line.floor_per_second)}/s`,
        ratio: line.ratio,
        cpu: line.cpu_us,
        floorCpu: line.floor_cpu_us,
    }),
    herd: (line) => ({
        what: `${count(line.tabs)} tabs come back at once`,
        result: `${millis(line.all_ms)} for all`,
        time: `p99 of others ${millis(line.others_p99_ms)}`,
        floor: millis(line.floor_all_ms),
        ratio: line.ratio,
    }),
    stalled: (line) => ({
        what: `4 tabs act beside ${count(line.tabs)} that read nothing`,
        result: `p99 ${millis(line.others_p99_ms)}`,
        floor: `${millis(line.others_p99_ms_before)} without them`,
        ratio: line.ratio,
    }),
    start: (line) => ({
        what: `start to first byte, ${line.store}`,
        result: millis(line.first_byte_ms),
        floor: millis(line.floor_ms),
        ratio: line.ratio,
    }),
    idle: (line) => ({
        what: `memory of an idle tab, ${count(line.tabs)} ${line.sessions} sessions`,
        result: `${line.kib_per_tab} KiB, ${line.kib_per_tab_with_program} with the program`,
    }),
    bytes: (line) => ({
        what: `bytes of an update, \`${line.page}\``,
        result: `${Math.round(line.update)}; ${Math.round(line.update_in_answer)} in an answer`,
    }),
};

function count(figure) {
    const value = Math.abs(figure) < 10_000 ? Math.round(figure) : Number(figure.toPrecision(3));
    return value.toLocaleString("en-US");
}

function tabs(number) {
    return number === 1 ? "1 tab" : `${count(number)} tabs`;
}

function beside(line) {
    return line.idle > 0 ? ` beside ${count(line.idle)} idle ones` : "";
}

function micros(figure) {
    return figure < 10_000 ? `${count(figure)} µs` : millis(figure / 1000);
}

function millis(figure) {
    return figure < 10 ? `${figure.toFixed(1)} ms` : `${count(figure)} ms`;
}

function percent(ratio) {
    return ratio === undefined ? "" : `${Math.round(ratio * 100)} %`;
}

function cpu(figure) {
    return figure === undefined ? "" : `${figure.toFixed(1)} µs`;
}

function parse(text) {
    const lines = text.split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line));
}

/** The table, in Markdown. */
function table(lines) {
    const rows = lines
        .filter((line) => line.scenario in ROWS)
        .map((line) => ROWS[line.scenario](line))
        .map((row) => [
            row.what,
            row.result,
            row.time ?? "",
            row.floor ?? "",
            percent(row.ratio) + (row.pushRatio === undefined ? "" : `; ${percent(row.pushRatio)}`),
            row.cpu === undefined ? "" : `${cpu(row.cpu)} (${cpu(row.floorCpu)})`,
        ]);
    const head = ["what", "result", "p50 / p99", "floor", "share of the floor", "server time each (floor)"];
    return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Results that are compared with something other than the floor. */
function notes(lines) {
    const notes = [];
    for (const line of lines) {
        const medium = line.store === "redis" ? "Bare scripts in a pipeline of 64" : "One flush to the disk after the other";
        if (line.scenario === "stores" && line.medium_ratio) {
            notes.push(
                `${medium}: ${count(line.medium_per_second)}/s in the same rounds. ` +
                    `A server on ${line.store} does ${line.medium_ratio.toPrecision(2)} times as many actions.`,
            );
        }
        if (line.scenario === "commits" && line.ratio) {
            notes.push(
                `The store ${line.store} alone does ${line.ratio.toPrecision(2)} times as many commits as ` +
                    `${medium[0].toLowerCase()}${medium.slice(1)}.`,
            );
        }
        if (line.scenario === "cell" && line.medium_per_second && line.tabs > 1) {
            notes.push(
                `Rendering the table and nothing else: ${count(line.medium_per_second)} times a second. ` +
                    `The server reaches ${percent(line.medium_ratio)} of that.`,
            );
        }
        if (line.scenario === "start" && line.stripped_mib && line.store === "memory") {
            notes.push(`The counter's program has ${line.stripped_mib.toFixed(1)} MiB without symbols.`);
        }
    }
    return notes.map((note) => `- ${note}`).join("\n");
}

function conditions(lines) {
    const line = lines.find((one) => one.scenario === "conditions");
    if (!line) return "";
    return (
        `Measured on ${line.cores} cores (${line.processor}), Linux ${line.kernel}, ` +
        `${line.build} build, load average ${line.load_average} when it began. ` +
        "The server on core 0, the generator and Redis on core 1." +
        (Number(line.load_average) > line.cores
            ? " Other work kept the machine busy, so trust the shares more than the absolute figures."
            : "")
    );
}

/** Bars: the share of the floor that each result reached. */
function plot(lines) {
    const bars = lines
        .filter((line) => line.scenario in ROWS)
        .map((line) => ROWS[line.scenario](line))
        .filter((row) => row.ratio !== undefined);
    const [labels, width, step] = [330, 400, 24];
    const height = bars.length * step + 40;
    const x = (ratio) => labels + Math.min(ratio, 1.2) * (width / 1.2);
    const parts = bars.map((bar, at) => {
        const y = 30 + at * step;
        return (
            `<text x="${labels - 8}" y="${y + 13}" text-anchor="end">${bar.what.replaceAll("`", "")}</text>` +
            `<rect x="${labels}" y="${y}" width="${(x(bar.ratio) - labels).toFixed(1)}" height="${step - 7}"/>` +
            `<text x="${(x(bar.ratio) + 5).toFixed(1)}" y="${y + 13}">${percent(bar.ratio)}</text>`
        );
    });
    const floor = x(1).toFixed(1);
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${labels + width + 60} ${height}" role="img" aria-label="The share of the floor that each measurement reached">
<style>text { font: 12px sans-serif; fill: #333 } rect { fill: #3b7dd8 } line { stroke: #999; stroke-dasharray: 4 3 } .page { fill: #fff }</style>
<rect class="page" width="100%" height="100%"/>
<text x="${floor}" y="18" text-anchor="middle">the floor</text>
<line x1="${floor}" x2="${floor}" y1="24" y2="${height - 6}"/>
${parts.join("\n")}
</svg>
`;
}

function main([source, directory, section]) {
    const [begin, end] = ["begin", "end"].map((edge) => `<!-- ${section}: ${edge} -->`);
    const lines = parse(fs.readFileSync(source, "utf8"));
    const document = path.join(directory, "performance.md");
    const text = fs.readFileSync(document, "utf8");
    const [before, rest] = text.split(begin);
    const after = rest?.split(end)[1];
    if (after === undefined) throw new Error(`${document} lacks the markers ${begin} and ${end}`);
    const generated = [begin, conditions(lines), table(lines), notes(lines), end].join("\n\n");
    fs.writeFileSync(document, before + generated + after);
    fs.writeFileSync(path.join(directory, `performance-${section}.svg`), plot(lines));
}

main(process.argv.slice(2));
