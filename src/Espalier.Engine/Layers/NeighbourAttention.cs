using Espalier.Engine.Autograd;

namespace Espalier.Engine.Layers;

/// <summary>
/// Attention that begins by looking at neighbours. What a masked language model learns first is how frequent words are; then its loss
/// stands still until some head has found the tokens beside the masked one, which takes most of a short budget. Here two heads
/// are there at once, others are free to look elsewhere; all of it is learned on from there.
/// </summary>
/// <remarks>
/// Position i begins as waves, A·cos ωₖi and A·sin ωₖi in columns 2k and 2k + 1. A head reads some of the waves: its queries copy
/// them, its keys copy them turned by −ωₖδ, so that the product of query i and key j is g²A²·Σₖ cos ωₖ(i + δ − j), which is largest
/// where j = i + δ, by a wide margin as the frequencies have nothing in common. That attention gains by beginning with what trained
/// models look like is the finding of Trockman and Kolter (2023, Mimetic Initialization of Self-Attention Layers); waves for positions
/// are those of Vaswani et al. (2017, §3.5) at other frequencies.
/// </remarks>
internal static class NeighbourAttention
{
    // Of queries and of keys. The norm before them makes the waves' amplitude about 1 where words and positions begin equally large:
    // with half as many waves as a head is wide (64) the score at i + δ is then 2²·32 / √64 = 16, that of another place 0 ± 4.
    private const float Gain = 2;

    // More of them, at −2, +2, …, gain less than heads that are free: docs/results.md.
    private const int Looking = 2;

    private static readonly double GoldenRatio = (Math.Sqrt(5) - 1) / 2;

    /// <summary>Waves for positions, as large as vectors of normal numbers with <paramref name="deviation"/>.</summary>
    public static Initialization Positions(Initialization drawn, int hidden, float deviation)
    {
        double amplitude = Math.Sqrt(2) * deviation;
        return drawn.With(hidden, (position, column) => column / 2 < hidden / 2 ? (float)(amplitude * Wave(Frequency(column / 2) * position, column)) : null);
    }

    /// <summary>Queries and keys of the first layer's first two heads, which look at −1 and +1; all else stays as it was drawn.</summary>
    public static Initialization Projection(Initialization drawn, int hidden, int heads, int headSize)
    {
        int width = heads * headSize, looking = Math.Min(heads, Looking), waves = headSize / 2;
        return looking * waves > hidden / 2 ? drawn : drawn.With(hidden, (row, column) =>
        {
            bool key = row >= width;
            (int head, int within) = Math.DivRem(row % width, headSize);
            if (row >= 2 * width || head >= looking || within / 2 >= waves)
            {
                return null;
            }

            int wave = (within / 2 * looking) + head;
            if (column / 2 != wave)
            {
                return 0;
            }

            // Row of cos(ω(j − δ)) or sin(ω(j − δ)) in terms of cos ωj and sin ωj.
            double turn = key ? Frequency(wave) * (head == 0 ? -1 : 1) : 0;
            return Gain * (float)(within % 2 == column % 2 ? Math.Cos(turn) : within % 2 == 0 ? Math.Sin(turn) : -Math.Sin(turn));
        });
    }

    // Between 0 and π, evenly spread however many of them are taken.
    private static double Frequency(int wave) => Math.PI * ((wave + 1) * GoldenRatio % 1);

    private static double Wave(double angle, int column) => column % 2 == 0 ? Math.Cos(angle) : Math.Sin(angle);
}
