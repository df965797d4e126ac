"""The translation benchmark's peer: the same model and the same search in PyTorch, on the CPU.

    python3 pytorch_translation.py REQUEST.json

The request names a model's folder in our format, threads, the token ids of source sentences and of symbols that are in no translation, and how
many sentences are translated one at a time. For each line of standard input, a beam and a batch, a line of JSON says how many tokens
a second were translated, and into what, after an empty line when it is ready. Weights are in single precision; query, key and value are one
product, keys and values of earlier tokens are kept, hypotheses of a sentence share those of its source, and finished sentences leave the
batch. Its clock runs for the search alone. Needs PyTorch with a fast BLAS (Debian: python3-torch and libopenblas0-pthread) and nothing else.
"""
import json
import math
import struct
import sys
import time

import torch
import torch.nn.functional as F

MINUS_INFINITY = float("-inf")


def refuse_slow_blas():
    with open("/proc/self/maps", encoding="utf-8") as file:
        if not any(name in line for line in file for name in ("openblas", "mkl", "blis")) and not torch.backends.mkl.is_available():
            sys.exit("PyTorch has neither MKL nor OpenBLAS here, and would be many times too slow: apt-get install libopenblas0-pthread")


def load(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    weights = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            assert entry["dtype"] == "F32", f"{name} is {entry['dtype']}; expected a model in single precision"
            weights[name] = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=begin).reshape(entry["shape"]).clone()
    return weights


class Model:
    def __init__(self, folder):
        with open(f"{folder}/config.json", encoding="utf-8") as file:
            self.config = c = json.load(file)
        assert c["normalize_before"] and c["activation_function"] == "relu" and c["layer_sharing"] == "None", "a model of another kind than the peer knows"
        self.w = load(f"{folder}/model.safetensors")
        self.heads = c["encoder_attention_heads"]
        self.positions = max(1024, c["max_position_embeddings"])
        self.table = self.sinusoids(self.positions, c["d_model"])
        self.encoder = [self.layer(f"encoder.layers.{i}.") for i in range(c["encoder_layers"])]
        self.decoder = [self.layer(f"decoder.layers.{i}.") for i in range(c["decoder_layers"])]

    @staticmethod
    def sinusoids(positions, hidden):
        half = hidden // 2
        rate = torch.exp(torch.arange(half, dtype=torch.float64) * (-math.log(10000) / max(1, half - 1)))
        angle = torch.arange(positions, dtype=torch.float64)[:, None] * rate[None]
        return torch.cat([angle.sin(), angle.cos()], 1).float()

    def layer(self, prefix):
        parts = {name[len(prefix):]: value for name, value in self.w.items() if name.startswith(prefix)}

        def joined(attention, *names):
            return tuple(torch.cat([parts[f"{attention}.{n}_proj.{kind}"] for n in names]) for kind in ("weight", "bias"))

        own = {"qkv": joined("self_attn", "q", "k", "v"), "out": joined("self_attn", "out"), "norm": self.norm_of(parts, "self_attn_layer_norm")}
        if "encoder_attn.q_proj.weight" in parts:
            own.update(cross_q=joined("encoder_attn", "q"), cross_kv=joined("encoder_attn", "k", "v"), cross_out=joined("encoder_attn", "out"),
                       cross_norm=self.norm_of(parts, "encoder_attn_layer_norm"))
        own.update(up=(parts["fc1.weight"], parts["fc1.bias"]), down=(parts["fc2.weight"], parts["fc2.bias"]), last=self.norm_of(parts, "final_layer_norm"))
        return own

    @staticmethod
    def norm_of(parts, name):
        return parts[f"{name}.weight"], parts[f"{name}.bias"]

    def norm(self, x, weights):
        return F.layer_norm(x, x.shape[-1:], *weights, eps=self.config["layer_norm_eps"])

    def embedded(self, ids, positions):
        return self.w["shared.weight"][ids] * math.sqrt(self.config["d_model"]) + self.table[positions]

    def split(self, x):
        """… × T × (heads × size) to … × heads × T × size."""
        return x.unflatten(-1, (self.heads, -1)).transpose(-3, -2)

    @staticmethod
    def attend(q, k, v, mask=None):
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores + mask
        return (scores.softmax(-1) @ v).transpose(-3, -2).flatten(-2)

    def feed_forward(self, x, layer):
        return x + F.linear(F.linear(self.norm(x, layer["last"]), *layer["up"]).relu_(), *layer["down"])

    def encode(self, ids, mask):
        x = self.embedded(ids, torch.arange(ids.shape[1]))
        for layer in self.encoder:
            q, k, v = (self.split(part) for part in F.linear(self.norm(x, layer["norm"]), *layer["qkv"]).chunk(3, -1))
            x = x + F.linear(self.attend(q, k, v, mask), *layer["out"])
            x = self.feed_forward(x, layer)
        return self.norm(x, (self.w["encoder.layer_norm.weight"], self.w["encoder.layer_norm.bias"]))

    def memory(self, encoded):
        return [tuple(self.split(part).contiguous() for part in F.linear(encoded, *layer["cross_kv"]).chunk(2, -1)) for layer in self.decoder]

    def step(self, ids, position, cache, memory, mask):
        """ids: sentences × hypotheses; to logits of each."""
        sentences, each = ids.shape
        x = self.embedded(ids.flatten(), position)
        for i, layer in enumerate(self.decoder):
            q, k, v = (self.split(part[:, None]) for part in F.linear(self.norm(x, layer["norm"]), *layer["qkv"]).chunk(3, -1))
            if cache[i] is not None:
                k, v = torch.cat([cache[i][0], k], 2), torch.cat([cache[i][1], v], 2)
            cache[i] = (k, v)
            x = x + F.linear(self.attend(q, k, v)[:, 0], *layer["out"])
            q = self.split(F.linear(self.norm(x, layer["cross_norm"]), *layer["cross_q"]).view(sentences, each, -1))
            x = x + F.linear(self.attend(q, *memory[i], mask).flatten(0, 1), *layer["cross_out"])
            x = self.feed_forward(x, layer)
        x = self.norm(x, (self.w["decoder.layer_norm.weight"], self.w["decoder.layer_norm.bias"]))
        return F.linear(x, self.w["shared.weight"])


def search(model, sources, beam, excluded, penalty=0.6, factor=2, offset=10):
    """A translation of each source: the search of Espalier.Engine.Search.BeamSearch, a tensor operation for all sentences at once."""
    eos, count = model.config["eos_token_id"], len(sources)
    lengths = torch.tensor([len(s) for s in sources])
    ids = torch.full((count, int(lengths.max()) + 1), model.config["pad_token_id"])
    for i, source in enumerate(sources):
        ids[i, :len(source) + 1] = torch.tensor(source + [eos])
    mask = None
    if int(lengths.min()) < int(lengths.max()):
        mask = torch.zeros(ids.shape).masked_fill_(torch.arange(ids.shape[1])[None] > lengths[:, None], MINUS_INFINITY)[:, None, None]
    memory = model.memory(model.encode(ids, mask))
    most = torch.clamp(factor * lengths + offset, 1, model.positions - 1)

    alive = torch.arange(count)                      # which sentence each row of the batch is
    if beam == 1:
        return greedy(model, memory, mask, most, excluded)
    sums = torch.zeros((count, 1))                   # one hypothesis of each before the first token
    last = torch.full((count, 1), model.config["bos_token_id"])
    history = torch.empty((count, 1, 0), dtype=torch.long)
    ended = torch.zeros(count, dtype=torch.long)
    best = torch.full((count,), MINUS_INFINITY)
    found = [[] for _ in sources]
    cache = [None] * len(model.decoder)
    for length in range(1, int(most.max()) + 2):
        each = last.shape[1]
        logp = model.step(last, length - 1, cache, memory, mask).log_softmax(-1).view(len(alive), each, -1)
        logp.index_fill_(2, excluded, MINUS_INFINITY)
        must_end = most == length - 1
        if bool(must_end.any()):
            only = logp[must_end][:, :, eos].clone()
            logp[must_end] = MINUS_INFINITY
            logp[must_end, :, eos] = only
        values, tokens = logp.topk(beam, -1)
        values, order = (sums[:, :, None] + values).flatten(1).topk(beam, -1)
        tokens, parents = tokens.flatten(1).gather(1, order), torch.div(order, beam, rounding_mode="floor")
        valid = (torch.arange(beam)[None] < (beam - ended)[:, None]) & (values > MINUS_INFINITY)
        ends = valid & (tokens == eos)
        before = history.gather(1, parents[:, :, None].expand(-1, -1, history.shape[2]))
        scores = torch.where(ends, values / ((5 + length) / 6) ** penalty, MINUS_INFINITY)
        score, rank = scores.max(1)
        for i in (score > best).nonzero().flatten().tolist():
            found[int(alive[i])] = before[i, int(rank[i])].tolist()
        best = torch.maximum(best, score)
        ended += ends.sum(1)
        sums = torch.where(valid & ~ends, values, MINUS_INFINITY)
        bound = sums.max(1).values / ((6 + most) / 6) ** penalty
        going = (sums.max(1).values > MINUS_INFINITY) & (bound > best)
        keep = going.nonzero().flatten()
        if len(keep) == 0:
            break
        rows = (parents + torch.arange(len(alive))[:, None] * each)[keep].flatten()
        cache = [tuple(t.index_select(0, rows) for t in layer) for layer in cache]
        if len(keep) < len(alive):
            memory = [tuple(t.index_select(0, keep) for t in layer) for layer in memory]
            mask = mask if mask is None else mask[keep]
            alive, most, ended, best = alive[keep], most[keep], ended[keep], best[keep]
        sums, last = sums[keep], tokens[keep]
        history = torch.cat([before[keep], last[:, :, None]], 2)
    return found


def greedy(model, memory, mask, most, excluded):
    eos, alive = model.config["eos_token_id"], torch.arange(len(most))
    last = torch.full((len(most), 1), model.config["bos_token_id"])
    found, cache = [[] for _ in most], [None] * len(model.decoder)
    for length in range(int(most.max()) + 1):
        last = model.step(last, length, cache, memory, mask).index_fill_(1, excluded, MINUS_INFINITY).argmax(1, keepdim=True)
        going = (last[:, 0] != eos) & (most > length)
        if not bool(going.all()):
            keep = going.nonzero().flatten()
            if len(keep) == 0:
                break
            cache = [tuple(t.index_select(0, keep) for t in layer) for layer in cache]
            memory = [tuple(t.index_select(0, keep) for t in layer) for layer in memory]
            mask = mask if mask is None else mask[keep]
            alive, most, last = alive[keep], most[keep], last[keep]
        for i, token in zip(alive.tolist(), last[:, 0].tolist()):
            found[i].append(token)
    return found


@torch.inference_mode()
def main():
    refuse_slow_blas()
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    torch.set_num_threads(request["threads"])
    model, excluded, warm = Model(request["model"]), torch.tensor(request["excluded"]), set()
    print(flush=True)
    for line in sys.stdin:
        beam, batch = map(int, line.split())
        sources = request["sources"] if batch > 1 else request["sources"][:request["sentences"]]
        order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
        groups = [order[i:i + batch] for i in range(0, len(order), batch)]
        if (beam, batch) not in warm:
            warm.add((beam, batch))
            for group in groups[:: max(1, len(groups) // 4)]:
                search(model, [sources[i] for i in group], beam, excluded)
        found = [[] for _ in sources]
        start = time.perf_counter()
        for group in groups:
            for i, target in zip(group, search(model, [sources[i] for i in group], beam, excluded)):
                found[i] = target
        seconds = time.perf_counter() - start
        print(json.dumps({"tokensPerSecond": sum(map(len, found)) / seconds, "translations": found}), flush=True)


if __name__ == "__main__":
    main()
