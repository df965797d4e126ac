namespace Espalier.Compression.Choice;

/// <summary>What a model must keep to where it is used.</summary>
/// <param name="MaxBytes">Most bytes on disk; null for any.</param>
/// <param name="MaxLatency">Longest time for one example by itself; null for any.</param>
/// <param name="MaxDrop">Most quality that may be lost against the uncompressed model, 0.01 for one point of a hundred, of accuracy or of
/// BLEU; null for any.</param>
public sealed record DeploymentLimits(long? MaxBytes = null, TimeSpan? MaxLatency = null, double? MaxDrop = null)
{
    /// <summary>Everything that is wrong with them; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (MaxBytes < 1)
        {
            faults.Add($"at most {MaxBytes} bytes; expected 1 or more");
        }

        if (MaxLatency <= TimeSpan.Zero)
        {
            faults.Add($"a latency of at most {MaxLatency}; expected more than none");
        }

        if (MaxDrop is not (null or (>= 0 and <= 1)))
        {
            faults.Add($"a drop of at most {MaxDrop}; expected 0 to 1");
        }

        return faults;
    }
}
