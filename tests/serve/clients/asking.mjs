// Asks with the official client of OpenAI for Node, and prints what it got as one JSON document.

import OpenAI from "openai";

const { address, key, model, steps } = JSON.parse(process.argv[2]);
const messages = [{ role: "user", content: "Hello" }];

function client(options = {}) {
  return new OpenAI({ baseURL: `${address}/v1`, apiKey: key, maxRetries: 0, ...options });
}

const ask = {
  async models() {
    const found = [];
    for await (const listed of client().models.list()) found.push(listed.id);
    return found;
  },
  async chat({ options, body }) {
    const answer = await client(options).chat.completions.create({ model, messages, ...body });
    const { message, finish_reason } = answer.choices[0];
    return { message, finish_reason, usage: answer.usage };
  },
  async stream({ body }) {
    const asked = { model, messages, stream: true, stream_options: { include_usage: true }, ...body };
    const chunks = await client().chat.completions.create(asked);
    let text = "";
    let usage = null;
    for await (const chunk of chunks) {
      text += chunk.choices[0]?.delta?.content ?? "";
      usage = chunk.usage ?? usage;
    }
    return { text, usage };
  },
};

const answers = [];
for (const step of steps) {
  try {
    answers.push(await ask[step.ask](step));
  } catch (error) {
    answers.push({
      error: error.constructor.name,
      status: error.status,
      code: error.code,
      retryAfter: error.headers?.get("retry-after"),
    });
  }
}
console.log(JSON.stringify(answers));
