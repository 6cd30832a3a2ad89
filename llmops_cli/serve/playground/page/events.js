// Reads server-sent events from the body of a fetch, as the HTML standard says they are written.

/**
 * Yield the data of each event. Chunks may be cut anywhere, even inside a letter; lines may end
 * in any of the three ways; comments and other fields are passed over. An event that its end does
 * not follow is dropped, unless the stream is over.
 */
export async function* eventData(body) {
  let data = [];
  for await (const line of lines(body)) {
    if (line === "") {
      if (data.length) yield data.join("\n");
      data = [];
    } else if (line.startsWith("data:")) {
      data.push(line.slice(line[5] === " " ? 6 : 5));
    }
  }
  if (data.length) yield data.join("\n");
}

async function* lines(body) {
  let rest = "";
  for await (const text of decoded(body)) {
    rest += text;
    // A carriage return at the end may be half of a line end whose other half is still to come.
    const complete = rest.endsWith("\r") ? rest.slice(0, -1) : rest;
    const found = complete.split(/\r\n|\r|\n/);
    rest = found.pop() + rest.slice(complete.length);
    yield* found;
  }
  if (rest) yield rest.replace(/\r$/, "");
}

async function* decoded(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield decoder.decode(value, { stream: true });
    }
    yield decoder.decode();
  } finally {
    // Whoever stops reading early wants no more of it: the server then stops the model.
    reader.cancel().catch(() => {});
  }
}
