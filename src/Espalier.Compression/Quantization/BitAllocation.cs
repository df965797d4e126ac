namespace Espalier.Compression.Quantization;

/// <summary>Chooses bits for each tensor so that all together fit into a number of bytes at the least loss.</summary>
public static class BitAllocation
{
    /// <summary>
    /// Begins with the most bits everywhere and takes them away where a byte costs the least loss, until all fits; what is left over
    /// then goes where it helps the most. Losses of tensors are taken to add up.
    /// </summary>
    /// <param name="tensors">What each loses and takes.</param>
    /// <param name="bytes">Bytes for all of them.</param>
    /// <returns>Bits by tensor.</returns>
    /// <exception cref="CompressionException">They do not fit at the fewest bits either; the message says what they take.</exception>
    public static IReadOnlyDictionary<string, int> Choose(IReadOnlyList<TensorSensitivity> tensors, long bytes)
    {
        int most = TensorSensitivity.MostBits - TensorSensitivity.LeastBits;
        long least = tensors.Sum(t => t.Bytes[0]);
        if (least > bytes)
        {
            throw new CompressionException(
                $"{Math.Max(0, bytes):N0} bytes are left for the weights, which take {least:N0} at {TensorSensitivity.LeastBits} bits each; allow "
                + $"{least - bytes:N0} bytes more, prune the model too, or begin from a smaller one");
        }

        int[] at = [.. tensors.Select(_ => most)];
        long total = tensors.Sum(t => t.Bytes[most]);
        while (total > bytes)
        {
            // To any number of bits below, not only to the next: a loss that falls with fewer bits must not stand in the way.
            (int tensor, int to) = Moves(tensors, at, down: true).MinBy(m => Cost(tensors[m.Tensor], at[m.Tensor], m.To));
            total += tensors[tensor].Bytes[to] - tensors[tensor].Bytes[at[tensor]];
            at[tensor] = to;
        }

        while (Moves(tensors, at, down: false)
            .Where(m => total + tensors[m.Tensor].Bytes[m.To] - tensors[m.Tensor].Bytes[at[m.Tensor]] <= bytes)
            .Where(m => tensors[m.Tensor].Losses[m.To] < tensors[m.Tensor].Losses[at[m.Tensor]])
            .OrderByDescending(m => tensors[m.Tensor].Losses[at[m.Tensor]] - tensors[m.Tensor].Losses[m.To])
            .Select(m => ((int Tensor, int To)?)m).FirstOrDefault() is { } better)
        {
            total += tensors[better.Tensor].Bytes[better.To] - tensors[better.Tensor].Bytes[at[better.Tensor]];
            at[better.Tensor] = better.To;
        }

        return tensors.Select((t, i) => (t.Tensor, Bits: at[i] + TensorSensitivity.LeastBits)).ToDictionary(t => t.Tensor, t => t.Bits);
    }

    private static IEnumerable<(int Tensor, int To)> Moves(IReadOnlyList<TensorSensitivity> tensors, int[] at, bool down)
        => from tensor in Enumerable.Range(0, at.Length)
           from to in Enumerable.Range(0, tensors[tensor].Losses.Count)
           where down ? to < at[tensor] && tensors[tensor].Bytes[to] < tensors[tensor].Bytes[at[tensor]] : to > at[tensor]
           select (tensor, to);

    // Loss for each byte that is saved.
    private static double Cost(TensorSensitivity t, int from, int to)
        => (t.Losses[to] - t.Losses[from]) / (t.Bytes[from] - t.Bytes[to]);
}
