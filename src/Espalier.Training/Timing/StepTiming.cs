namespace Espalier.Training.Timing;

/// <summary>The time per gradient step, measured as in the paper (§2.2).</summary>
/// <param name="Mean">Seconds: the figure that the paper multiplies by the number of steps.</param>
/// <param name="StandardDeviation">Seconds, of the steps that were averaged.</param>
/// <param name="Median">Seconds.</param>
/// <param name="Steps">Steps that were averaged; 100 unless training ended before.</param>
/// <param name="Skipped">Steps before them, while the time was not stable yet.</param>
/// <param name="Stable">Whether it became stable; where not, the average is of all but the first step.</param>
public sealed record StepTiming(double Mean, double StandardDeviation, double Median, int Steps, int Skipped, bool Stable);
