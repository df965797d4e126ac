using System.Buffers;
using Espalier.Engine.Autograd;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Models;

/// <summary>An unpadded batch of token ids on the device.</summary>
/// <param name="Ids">N ids, sequences end to end.</param>
/// <param name="Places">The place of each token in its sequence.</param>
/// <param name="Sequences">Where sequences begin.</param>
public readonly record struct TokenBatch(DeviceSpan<int> Ids, DeviceSpan<int> Places, Sequences Sequences)
{
    /// <summary>Tokens in all, N.</summary>
    public int Tokens => (int)Ids.Length;

    /// <summary>Checks a batch on the host and copies it to the device.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="ids">N ids.</param>
    /// <param name="offsets">B + 1 offsets from 0 to N.</param>
    /// <param name="configuration">The model it is for.</param>
    /// <exception cref="ArgumentException">An id is not in the vocabulary, a sequence is empty or too long, or offsets are
    /// wrong; the message says which.</exception>
    public static TokenBatch Upload(Tape tape, ReadOnlySpan<int> ids, ReadOnlySpan<int> offsets, StackConfiguration configuration)
    {
        Sequences sequences = Sequences.Upload(tape, offsets, ids.Length);
        if (sequences.Longest > configuration.MaximumPositions)
        {
            throw new ArgumentException(
                $"a sequence has {sequences.Longest} tokens, the model's positions end at {configuration.MaximumPositions}");
        }

        for (int b = 0; b < sequences.Count; b++)
        {
            // Where it would have a first token, a head would read its neighbour's.
            if (offsets[b] == offsets[b + 1])
            {
                throw new ArgumentException($"sequence {b} is empty; expected a token or more");
            }
        }

        for (int i = 0; i < ids.Length; i++)
        {
            if ((uint)ids[i] >= (uint)configuration.Vocabulary)
            {
                throw new ArgumentException($"token {i} has id {ids[i]}; expected 0 to {configuration.Vocabulary - 1}");
            }
        }

        int[] places = ArrayPool<int>.Shared.Rent(Math.Max(1, ids.Length));
        for (int b = 0; b + 1 < offsets.Length; b++)
        {
            for (int i = offsets[b]; i < offsets[b + 1]; i++)
            {
                places[i] = i - offsets[b];
            }
        }

        var batch = new TokenBatch(tape.Upload(ids), tape.Upload(places.AsSpan(0, ids.Length)), sequences);
        ArrayPool<int>.Shared.Return(places);
        return batch;
    }
}
