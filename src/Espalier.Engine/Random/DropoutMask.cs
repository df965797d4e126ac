namespace Espalier.Engine.Random;

/// <summary>
/// Says which elements of a matrix are dropped, without storing it: element (row, column) is decided by 16 random bits at
/// (seed, stream, step, row, column). Kernels recompute the mask in the backward pass.
/// </summary>
/// <param name="Probability">Chance that an element is dropped, in [0, 1); quantised to multiples of 2⁻¹⁶.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">Which dropout site of the model.</param>
/// <param name="Step">Which micro-batch of the run.</param>
/// <remarks>
/// 128 columns share 16 counters: column c takes counter 16·(c / 128) + c mod 16, and of that counter's eight half-words
/// number (c mod 128) / 16 (word number / 2; low half when even). So a vector of 16 lanes draws for 128 columns at once.
/// Kept elements are multiplied by <see cref="Scale"/>, so that the expectation stays.
/// </remarks>
public readonly record struct DropoutMask(float Probability, ulong Seed, uint Stream, uint Step)
{
    internal const int Rounds = 7, GroupColumns = 128, GroupCounters = 16;

    /// <summary>Nothing is dropped.</summary>
    public static DropoutMask None => default;

    /// <summary>True when no element is dropped.</summary>
    public bool IsNone => Threshold == 0;

    /// <summary>What a kept element is multiplied by: 1 / (1 − probability).</summary>
    public float Scale => 65536f / (65536 - Threshold);

    internal uint Threshold => (uint)MathF.Round(Probability * 65536);

    /// <summary>The factor of one element, 0 or <see cref="Scale"/>. This is the definition.</summary>
    public float Factor(int row, int column)
    {
        uint counter = (uint)((column / GroupColumns * GroupCounters) + (column % GroupCounters));
        var words = Philox.Draw(counter, (uint)row, Step, Stream, Seed, Rounds);
        int draw = column % GroupColumns / GroupCounters;
        uint word = (draw / 2) switch { 0 => words.W0, 1 => words.W1, 2 => words.W2, _ => words.W3 };
        uint bits = draw % 2 == 0 ? word & 0xFFFF : word >> 16;
        return bits < Threshold ? 0f : Scale;
    }
}
