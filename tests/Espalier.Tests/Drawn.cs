namespace Espalier.Tests;

/// <summary>Cases of which a run takes some: others each time, so that with the runs all have their turn. A fault names its case.</summary>
internal static class Drawn
{
    /// <summary>Every <paramref name="stride"/>-th of the cases from 0 to <paramref name="count"/>, from a drawn one on.</summary>
    public static IEnumerable<int> Of(int count, int stride)
    {
        for (int drawn = Random.Shared.Next(Math.Min(stride, count)); drawn < count; drawn += stride)
        {
            yield return drawn;
        }
    }
}
