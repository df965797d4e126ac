namespace Espalier.Training.Finetuning;

/// <summary>Shares a time out among trials.</summary>
internal static class GridTime
{
    // Less than this part of an epoch teaches nothing that the trials before have not shown.
    private const double LeastEpochs = 0.5;

    /// <summary>
    /// The time of the next trial. Equal shares of what is left, so that a trial that stops early leaves its rest to those
    /// after it; where these are shorter than a pass over the data, only so many trials as get a whole one.
    /// </summary>
    /// <param name="whole">Training time of all trials.</param>
    /// <param name="spent">What those before took.</param>
    /// <param name="left">Trials that have not begun, 1 or more.</param>
    /// <param name="epoch">Measured time of a pass over the training set.</param>
    /// <param name="first">Whether no trial has ended yet: one always runs, so that there is a model.</param>
    /// <returns>Null where the time is up.</returns>
    public static TimeSpan? Share(TimeSpan whole, TimeSpan spent, int left, TimeSpan epoch, bool first)
    {
        TimeSpan remaining = whole - spent;
        if (remaining <= TimeSpan.Zero || (!first && remaining < epoch * LeastEpochs))
        {
            return first ? whole : null;
        }

        return remaining / Math.Clamp((int)Math.Min(remaining / epoch, left), 1, left);
    }
}
