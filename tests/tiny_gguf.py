"""Writes a language model of half a megabyte with random weights: real for every loader."""

from pathlib import Path

import gguf
import numpy as np

CONTEXT = 512
_VOCABULARY = 259
_WIDTH = 64
_HEADS = 4
_LAYERS = 2
_INNER = 128
#: Types of tokens in a GGUF file: unknown, control, and a single byte.
_UNKNOWN, _CONTROL, _BYTE = 2, 3, 6


def write_tiny_gguf(path: Path) -> Path:
    """Write the model to ``path`` and return that. Its tokens are bytes; what it says is noise."""
    writer = gguf.GGUFWriter(str(path), "llama")
    _describe(writer)
    _add_tokens(writer)
    _add_weights(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _describe(writer: gguf.GGUFWriter) -> None:
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_vocab_size(_VOCABULARY)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)


def _add_tokens(writer: gguf.GGUFWriter) -> None:
    tokens = [b"<unk>", b"<s>", b"</s>", *(b"<0x%02X>" % byte for byte in range(256))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * _VOCABULARY)
    writer.add_token_types([_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def _add_weights(writer: gguf.GGUFWriter) -> None:
    random = np.random.default_rng(0)

    def add(name: str, *shape: int) -> None:
        weights = random.standard_normal(shape) * 0.05
        writer.add_tensor(f"{name}.weight", weights.astype(np.float32))

    add("token_embd", _VOCABULARY, _WIDTH)
    add("output", _VOCABULARY, _WIDTH)
    writer.add_tensor("output_norm.weight", np.ones(_WIDTH, np.float32))
    for layer in range(_LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{name}", _WIDTH, _WIDTH)
        for name in ("ffn_gate", "ffn_up"):
            add(f"blk.{layer}.{name}", _INNER, _WIDTH)
        add(f"blk.{layer}.ffn_down", _WIDTH, _INNER)
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(_WIDTH, np.float32))
