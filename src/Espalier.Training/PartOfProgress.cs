namespace Espalier.Training;

/// <summary>Progress of a part of some work, told as that of the whole.</summary>
internal sealed class PartOfProgress(IProgress<double>? whole, double from, double to) : IProgress<double>
{
    public void Report(double value) => whole?.Report(from + (value * (to - from)));
}
