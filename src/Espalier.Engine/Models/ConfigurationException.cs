namespace Espalier.Engine.Models;

/// <summary>A configuration that cannot be built; the message lists every fault.</summary>
public sealed class ConfigurationException(string subject, IReadOnlyList<string> faults)
    : ArgumentException($"{subject} cannot be built:{string.Concat(faults.Select(f => $"{Environment.NewLine}  - {f}"))}")
{
    /// <summary>What is wrong, one sentence each.</summary>
    public IReadOnlyList<string> Faults => faults;

    /// <summary>Throws if there are faults.</summary>
    public static void ThrowIfAny(string subject, IReadOnlyList<string> faults)
    {
        if (faults.Count > 0)
        {
            throw new ConfigurationException(subject, faults);
        }
    }
}
