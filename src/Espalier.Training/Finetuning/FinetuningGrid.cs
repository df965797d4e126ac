using Espalier.Engine.Random;

namespace Espalier.Training.Finetuning;

/// <summary>What a trial tries.</summary>
/// <param name="Batch">Examples of an effective batch.</param>
/// <param name="LearningRate">The highest learning rate.</param>
/// <param name="Dropout">Dropout of sub-layers, embeddings, attention and the head.</param>
/// <param name="Seed">Seed of the head's first weights, of the order of the data and of dropout.</param>
public sealed record TrialSetting(int Batch, double LearningRate, float Dropout, ulong Seed);

/// <summary>What to try: every batch with every rate, dropout and seed.</summary>
public sealed record FinetuningGrid
{
    // Of the order of trials. Not the user's: the order changes nothing but which trials a short time leaves out.
    private const ulong OrderSeed = 1;

    /// <summary>Examples of an effective batch.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [32];

    /// <summary>Highest learning rates.</summary>
    public IReadOnlyList<double> LearningRates { get; init; } = [3e-4];

    /// <summary>Dropouts.</summary>
    public IReadOnlyList<float> Dropouts { get; init; } = [0.1f];

    /// <summary>Seeds; results are averaged over them.</summary>
    public IReadOnlyList<ulong> Seeds { get; init; } = [1];

    /// <summary>How many settings there are, each of which is tried with every seed.</summary>
    public int Settings => Batches.Count * LearningRates.Count * Dropouts.Count;

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        Check("batch size", Batches, b => b >= 1, "1 or more");
        Check("learning rate", LearningRates, r => r is > 0 and < double.PositiveInfinity, "more than 0");
        Check("dropout", Dropouts, d => d is >= 0 and < 1, "0 or more and less than 1");
        Check("seed", Seeds, _ => true, "");
        return faults;

        void Check<T>(string name, IReadOnlyList<T> values, Func<T, bool> holds, string expected)
        {
            if (values.Count == 0)
            {
                faults.Add($"no {name} is given; expected one or more");
            }

            faults.AddRange(values.Where(v => !holds(v)).Select(v => $"{name} {v}; expected {expected}"));
            faults.AddRange(values.GroupBy(v => v).Where(g => g.Count() > 1).Select(g => $"{name} {g.Key} is given {g.Count()} times"));
        }
    }

    /// <summary>
    /// All trials in the order in which they run: every setting once before any is repeated with another seed, in random order,
    /// because a part of a grid that was drawn at random covers it best (Bergstra and Bengio 2012).
    /// </summary>
    public IReadOnlyList<TrialSetting> Trials()
    {
        List<TrialSetting> trials = [];
        for (int s = 0; s < Seeds.Count; s++)
        {
            TrialSetting[] once =
            [
                .. from batch in Batches
                   from rate in LearningRates
                   from dropout in Dropouts
                   select new TrialSetting(batch, rate, dropout, Seeds[s]),
            ];
            var random = new RandomStream(OrderSeed, (uint)s);
            for (int i = once.Length - 1; i > 0; i--)
            {
                int j = (int)(random.NextUInt32() % (uint)(i + 1));
                (once[i], once[j]) = (once[j], once[i]);
            }

            trials.AddRange(once);
        }

        return trials;
    }
}
