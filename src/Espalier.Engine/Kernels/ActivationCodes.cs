namespace Espalier.Engine.Kernels;

/// <summary>A row of activations as integers; see <see cref="IKernels.MultiplyInteger"/>.</summary>
internal static class ActivationCodes
{
    /// <summary>The largest code.</summary>
    public const int Largest = 127;

    /// <summary>Overwrites codes; value ≈ low + scale · code. The definition, in plain loops.</summary>
    public static (float Low, float Scale) Quantize(ReadOnlySpan<float> x, Span<byte> codes)
    {
        float low = 0, high = 0;
        foreach (float value in x)
        {
            (low, high) = (MathF.Min(low, value), MathF.Max(high, value));
        }

        float factor = high > low ? Largest / (high - low) : 0;
        for (int i = 0; i < x.Length; i++)
        {
            codes[i] = (byte)MathF.Round((x[i] - low) * factor);
        }

        return (low, (high - low) / Largest);
    }
}
