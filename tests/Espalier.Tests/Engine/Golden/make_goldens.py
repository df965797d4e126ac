#!/usr/bin/env python3
"""Golden numbers for the engine: four tiny Transformers in plain PyTorch, dumped as safetensors beside this script.

    python3 make_goldens.py [folder]        needs PyTorch alone (made with 1.13); see README.md for what the files hold

Parameters start as float32 values. Everything after that is computed in float64, so that what a float32 engine is
compared with is nearer to the truth than the engine can be. Sequences are processed one by one: there is no padding to
get wrong. Legend: T positions of one sequence, H hidden, A heads, D head size, F feed-forward, V vocabulary.
"""
import json
import math
import struct
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

HIDDEN, HEADS, LAYERS, FEED_FORWARD, VOCAB, POSITIONS, CLASSES = 32, 2, 2, 64, 61, 16, 3
EPSILON, SMOOTHING = 1e-5, 0.1
LEARNING_RATE, BETAS, ADAM_EPSILON, WEIGHT_DECAY, STEPS = 1e-3, (0.9, 0.98), 1e-6, 0.01, 10


class Parameters(dict):
    """Float64 leaves that hold float32 values. Gains and biases are off 1 and 0, so that leaving one out shows."""

    def __init__(self, seed):
        super().__init__()
        self.random = torch.Generator().manual_seed(seed)

    def normal(self, name, *shape, mean=0.0, std=HIDDEN ** -0.5):
        values = mean + std * torch.randn(shape, generator=self.random, dtype=torch.float32)
        self[name] = values.double().requires_grad_()

    def linear(self, name, outputs, inputs):
        self.normal(f"{name}.weight", outputs, inputs)
        self.normal(f"{name}.bias", outputs, std=0.1)

    def norm(self, name):
        self.normal(f"{name}.weight", HIDDEN, mean=1.0, std=0.1)
        self.normal(f"{name}.bias", HIDDEN, std=0.1)


def linear(p, name, x):
    return F.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])


def norm(p, name, x):
    return F.layer_norm(x, (HIDDEN,), p[f"{name}.weight"], p[f"{name}.bias"], EPSILON)


def attention(qTH, kSH, vSH, causal=False):
    """softmax(q k' / sqrt(D)) v in each head; causal hides what lies after a position."""
    split = lambda x: x.view(-1, HEADS, HIDDEN // HEADS).transpose(0, 1)
    scoresATS = split(qTH) @ split(kSH).transpose(1, 2) / math.sqrt(HIDDEN // HEADS)
    if causal:
        scoresATS = scoresATS.masked_fill(torch.ones(scoresATS.shape[1:], dtype=torch.bool).triu(1), -math.inf)
    return (scoresATS.softmax(-1) @ split(vSH)).transpose(0, 1).reshape(-1, HIDDEN)


def sequences(values, offsets):
    return [values[begin:end] for begin, end in zip(offsets, offsets[1:])]


def offsets(lengths):
    return torch.tensor([0, *lengths]).cumsum(0)


# ---- encoder: Hugging Face's RoBERTa and RoBERTa-PreLayerNorm, without token types (they would add one constant row) ----

def encoder_parameters(seed, pre_norm):
    p = Parameters(seed)
    p.normal("embeddings.word_embeddings.weight", VOCAB, HIDDEN)
    p.normal("embeddings.position_embeddings.weight", POSITIONS, HIDDEN)
    p.norm("embeddings.LayerNorm")
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}"
        for projection in ("query", "key", "value"):
            p.linear(f"{layer}.attention.self.{projection}", HIDDEN, HIDDEN)
        p.linear(f"{layer}.attention.output.dense", HIDDEN, HIDDEN)
        p.norm(f"{layer}.attention.LayerNorm" if pre_norm else f"{layer}.attention.output.LayerNorm")
        p.norm(f"{layer}.intermediate.LayerNorm" if pre_norm else f"{layer}.output.LayerNorm")
        p.linear(f"{layer}.intermediate.dense", FEED_FORWARD, HIDDEN)
        p.normal(f"{layer}.output.dense.weight", HIDDEN, FEED_FORWARD, std=FEED_FORWARD ** -0.5)
        p.normal(f"{layer}.output.dense.bias", HIDDEN, std=0.1)
    if pre_norm:
        p.norm("LayerNorm")
    return p


def encoder(p, idsT, pre_norm):
    """One sequence. Positions count from 0: the offset of padding_idx + 1 that RoBERTa's files carry is not here."""
    positionsT = torch.arange(len(idsT))
    xTH = p["embeddings.word_embeddings.weight"][idsT] + p["embeddings.position_embeddings.weight"][positionsT]
    xTH = norm(p, "embeddings.LayerNorm", xTH)
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}"
        hTH = norm(p, f"{layer}.attention.LayerNorm", xTH) if pre_norm else xTH
        q, k, v = (linear(p, f"{layer}.attention.self.{name}", hTH) for name in ("query", "key", "value"))
        xTH = xTH + linear(p, f"{layer}.attention.output.dense", attention(q, k, v))
        if not pre_norm:
            xTH = norm(p, f"{layer}.attention.output.LayerNorm", xTH)
        hTH = norm(p, f"{layer}.intermediate.LayerNorm", xTH) if pre_norm else xTH
        xTH = xTH + linear(p, f"{layer}.output.dense", F.gelu(linear(p, f"{layer}.intermediate.dense", hTH)))
        if not pre_norm:
            xTH = norm(p, f"{layer}.output.LayerNorm", xTH)
    return norm(p, "LayerNorm", xTH) if pre_norm else xTH


def encoder_inputs(seed):
    random = torch.Generator().manual_seed(seed)
    table = offsets([7, 1, 12, 5])
    return {"ids": torch.randint(VOCAB, (int(table[-1]),), generator=random), "offsets": table}, random


def masked_language_model(seed, pre_norm):
    p = encoder_parameters(seed, pre_norm)
    p.linear("lm_head.dense", HIDDEN, HIDDEN)
    p.norm("lm_head.layer_norm")
    p.normal("lm_head.bias", VOCAB, std=0.1)
    inputs, random = encoder_inputs(seed + 1)
    inputs["masked_positions"] = torch.tensor([1, 6, 7, 8, 13, 14, 19, 22])
    inputs["targets"] = torch.randint(VOCAB, (8,), generator=random)

    def forward():
        xNH = torch.cat([encoder(p, ids, pre_norm) for ids in sequences(inputs["ids"], inputs["offsets"])])
        xMH = F.gelu(linear(p, "lm_head.dense", xNH[inputs["masked_positions"]]))
        xMH = norm(p, "lm_head.layer_norm", xMH)
        logitsMV = F.linear(xMH, p["embeddings.word_embeddings.weight"], p["lm_head.bias"])
        return logitsMV, F.cross_entropy(logitsMV, inputs["targets"])

    return p, inputs, forward


def classifier(seed):
    p = encoder_parameters(seed, pre_norm=True)
    p.linear("classifier.dense", HIDDEN, HIDDEN)
    p.linear("classifier.out_proj", CLASSES, HIDDEN)
    inputs, _ = encoder_inputs(seed + 1)
    inputs["labels"] = torch.tensor([2, 0, 1, 2])

    def forward():
        first = [encoder(p, ids, pre_norm=True)[0] for ids in sequences(inputs["ids"], inputs["offsets"])]
        logitsBC = linear(p, "classifier.out_proj", linear(p, "classifier.dense", torch.stack(first)).tanh())
        return logitsBC, F.cross_entropy(logitsBC, inputs["labels"])

    return p, inputs, forward


# ---- encoder-decoder: the Transformer of Vaswani et al. (post-norm, ReLU), one embedding for source, target and output ----

def encoder_decoder_parameters(seed):
    p = Parameters(seed)
    p.normal("shared.weight", VOCAB, HIDDEN)
    for stack, attentions in (("encoder", ["self_attn"]), ("decoder", ["self_attn", "encoder_attn"])):
        for i in range(LAYERS):
            layer = f"{stack}.layers.{i}"
            for name in attentions:
                for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
                    p.linear(f"{layer}.{name}.{projection}", HIDDEN, HIDDEN)
                p.norm(f"{layer}.{name}_layer_norm")
            p.linear(f"{layer}.fc1", FEED_FORWARD, HIDDEN)
            p.normal(f"{layer}.fc2.weight", HIDDEN, FEED_FORWARD, std=FEED_FORWARD ** -0.5)
            p.normal(f"{layer}.fc2.bias", HIDDEN, std=0.1)
            p.norm(f"{layer}.final_layer_norm")
    return p


def sinusoids(count):
    """fairseq's table: all sines, then all cosines; wavelengths from 2 pi to 20000 pi inclusive; positions from 0."""
    half = HIDDEN // 2
    frequencies = torch.exp(torch.arange(half, dtype=torch.float64) * -(math.log(10000) / (half - 1)))
    angles = torch.arange(count, dtype=torch.float64)[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], 1)


def embed(p, idsT):
    return math.sqrt(HIDDEN) * p["shared.weight"][idsT] + sinusoids(len(idsT))


def attend(p, layer, name, xTH, memorySH, causal=False):
    """Attention, residual, norm."""
    q = linear(p, f"{layer}.{name}.q_proj", xTH)
    k, v = (linear(p, f"{layer}.{name}.{projection}", memorySH) for projection in ("k_proj", "v_proj"))
    return norm(p, f"{layer}.{name}_layer_norm", xTH + linear(p, f"{layer}.{name}.out_proj", attention(q, k, v, causal)))


def feed_forward(p, layer, xTH):
    """Feed-forward, residual, norm."""
    hTF = linear(p, f"{layer}.fc1", xTH).relu()
    return norm(p, f"{layer}.final_layer_norm", xTH + linear(p, f"{layer}.fc2", hTF))


def translate(p, sourceS, decoderT):
    """Hidden states of the decoder for one pair of sequences."""
    memorySH = embed(p, sourceS)
    for i in range(LAYERS):
        memorySH = feed_forward(p, f"encoder.layers.{i}", attend(p, f"encoder.layers.{i}", "self_attn", memorySH, memorySH))
    xTH = embed(p, decoderT)
    for i in range(LAYERS):
        layer = f"decoder.layers.{i}"
        xTH = attend(p, layer, "self_attn", xTH, xTH, causal=True)
        xTH = feed_forward(p, layer, attend(p, layer, "encoder_attn", xTH, memorySH))
    return xTH


def smoothed_cross_entropy(logitsNV, targetsN):
    """Szegedy et al. and Vaswani et al., and PyTorch's label_smoothing: epsilon is spread over all V classes, the right
    one included: (1 - epsilon) nll + epsilon / V sum(-log p). fairseq spreads it over the V - 1 wrong classes instead:
    (1 - epsilon - epsilon_i) nll + epsilon_i sum(-log p) with epsilon_i = epsilon / (V - 1). That is not used here."""
    logs = logitsNV.log_softmax(-1)
    nll = -logs.gather(1, targetsN[:, None]).squeeze(1)
    loss = ((1 - SMOOTHING) * nll - SMOOTHING / VOCAB * logs.sum(-1)).mean()
    assert torch.allclose(loss, F.cross_entropy(logitsNV, targetsN, label_smoothing=SMOOTHING), rtol=1e-12)
    return loss


def encoder_decoder(seed):
    p = encoder_decoder_parameters(seed)
    random = torch.Generator().manual_seed(seed + 1)
    source, target = offsets([7, 1, 12, 5]), offsets([5, 3, 1, 9])
    inputs = {
        "source_ids": torch.randint(VOCAB, (int(source[-1]),), generator=random),
        "source_offsets": source,
        "decoder_ids": torch.randint(VOCAB, (int(target[-1]),), generator=random),
        "decoder_offsets": target,
    }
    # What the decoder reads is what it should have said one step earlier; the last target of a sequence is drawn.
    inputs["targets"] = torch.cat([
        torch.cat([ids[1:], torch.randint(VOCAB, (1,), generator=random)]) for ids in sequences(inputs["decoder_ids"], target)])

    def forward():
        pairs = zip(sequences(inputs["source_ids"], source), sequences(inputs["decoder_ids"], target))
        logitsNV = torch.cat([translate(p, *pair) for pair in pairs]) @ p["shared.weight"].T
        return logitsNV, smoothed_cross_entropy(logitsNV, inputs["targets"])

    return p, inputs, forward


# ---- running and writing ----

def golden(p, inputs, forward):
    """Inputs, parameters, first logits, loss and gradients, then the losses of ten AdamW steps on the same batch, and
    what the embeddings and the last layers have become."""
    content = {f"input.{name}": values for name, values in inputs.items()}
    content.update({f"param.{name}": values.detach().clone() for name, values in p.items()})
    optimizer = torch.optim.AdamW(
        [{"params": [v for v in p.values() if v.dim() > 1], "weight_decay": WEIGHT_DECAY},
         {"params": [v for v in p.values() if v.dim() == 1], "weight_decay": 0.0}],
        lr=LEARNING_RATE, betas=BETAS, eps=ADAM_EPSILON)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        logits, loss = forward()
        loss.backward()
        if step == 0:
            content.update({"output.logits": logits.detach(), "output.loss": loss.detach()})
            content.update({f"grad.{name}": values.grad.clone() for name, values in p.items()})
        losses.append(loss.item())
        optimizer.step()
    content["output.losses"] = torch.tensor(losses, dtype=torch.float64)
    finals = ("embeddings.weight", "shared.weight", f"layer.{LAYERS - 1}.", f"layers.{LAYERS - 1}.")
    content.update({f"final.{name}": values.detach() for name, values in p.items() if any(part in name for part in finals)})
    return content


def write(path, content, metadata):
    header, body = {"__metadata__": metadata}, bytearray()
    for name in sorted(content):
        values = content[name].flatten().tolist()
        dtype, code = ("F32", "f") if content[name].is_floating_point() else ("I32", "i")
        begin = len(body)
        body += struct.pack(f"<{len(values)}{code}", *values)
        header[name] = {"dtype": dtype, "shape": list(content[name].shape), "data_offsets": [begin, len(body)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    print(f"{path.name}: {8 + len(text) + len(body)} bytes, loss {content['output.losses'][0]:.6f}"
          f" to {content['output.losses'][-1]:.6f}")


def main():
    torch.set_num_threads(1)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, model in (
            ("encoder-prenorm-mlm", masked_language_model(100, pre_norm=True)),
            ("encoder-postnorm-mlm", masked_language_model(200, pre_norm=False)),
            ("encoder-prenorm-classifier", classifier(300)),
            ("encoder-decoder", encoder_decoder(400))):
        sizes = {"hidden": HIDDEN, "heads": HEADS, "layers": LAYERS, "feed_forward": FEED_FORWARD, "vocab": VOCAB}
        if name != "encoder-decoder":
            sizes["positions"] = POSITIONS
        write(folder / f"{name}.safetensors", golden(*model), {"model": name, **{k: str(v) for k, v in sizes.items()}})


if __name__ == "__main__":
    main()
