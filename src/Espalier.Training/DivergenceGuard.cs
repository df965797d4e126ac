using Espalier.Training.Runs;

namespace Espalier.Training;

/// <summary>
/// Notices that training has diverged: a loss or gradient that is not finite, or a smoothed loss that stands above the
/// lowest it has been, or the first one, by half of that and by a nat at least.
/// </summary>
internal static class DivergenceGuard
{
    private const double Smoothing = 0.9, Ratio = 1.5, Margin = 1;

    // The average of fewer steps says little.
    private const int Patience = 20;

    /// <summary>Checks a step.</summary>
    /// <returns>What is wrong, or null, and the state with this step in it.</returns>
    public static (string? Fault, DivergenceState State) Check(DivergenceState state, double loss, float gradientNorm)
    {
        if (!double.IsFinite(loss))
        {
            return ($"the loss is {loss}", state);
        }

        if (!float.IsFinite(gradientNorm))
        {
            return ($"the norm of the gradient is {gradientNorm}", state);
        }

        double average = (Smoothing * state.Average) + ((1 - Smoothing) * loss);
        long count = state.Count + 1;
        double smoothed = average / (1 - Math.Pow(Smoothing, count));
        double best = state.Best ?? loss;
        best = count < Patience ? best : Math.Min(best, smoothed);
        string? fault = count > Patience && smoothed > Math.Max(Ratio * best, best + Margin)
            ? $"the loss has risen to {smoothed:F3} from {best:F3}" : null;
        return (fault, new DivergenceState(average, count, best));
    }
}
