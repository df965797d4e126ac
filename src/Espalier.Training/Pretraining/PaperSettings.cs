namespace Espalier.Training.Pretraining;

/// <summary>What the paper names.</summary>
public static class PaperSettings
{
    // Table 1: batch size and learning rate.
    private static readonly (double Batch, double Rate)[] Table1 =
        [(256, 2e-4), (2048, 1e-3), (4096, 1.25e-3), (8192, 1.5e-3), (16384, 1.875e-3)];

    /// <summary>
    /// The peak learning rate of masked language modelling by batch size: Table 1, and between its rows a straight line in
    /// the logarithms of both; above its last row the line of the last two goes on. Below its first row the rate stays that of
    /// the first: the line would end at rates (4e-5 for 32) that small models on small batches hardly learn at.
    /// </summary>
    /// <param name="batch">Sequences of an effective batch, 1 or more.</param>
    public static double LearningRate(int batch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        if (batch <= Table1[0].Batch)
        {
            return Table1[0].Rate;
        }

        int row = 1;
        while (row < Table1.Length - 1 && batch > Table1[row].Batch)
        {
            row++;
        }

        ((double x0, double y0), (double x1, double y1)) = (Table1[row - 1], Table1[row]);
        double slope = Math.Log(y1 / y0) / Math.Log(x1 / x0);
        return y0 * Math.Pow(batch / x0, slope);
    }

    /// <summary>Where <see cref="LearningRate"/> has its value from, in words.</summary>
    /// <param name="batch">Sequences of an effective batch.</param>
    public static string LearningRateSource(int batch)
        => Table1.Any(row => row.Batch == batch) ? $"Table 1 of the paper, batch {batch}"
            : batch < Table1[0].Batch ? $"Table 1 of the paper begins at batch {Table1[0].Batch}; its rate is kept below"
            : batch > Table1[^1].Batch ? $"Table 1 of the paper ends at batch {Table1[^1].Batch}; its last two rows go on"
            : "between two rows of Table 1 of the paper, in a straight line in the logarithms";
}
