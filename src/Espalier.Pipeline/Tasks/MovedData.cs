using Espalier.Text.Bitext;
using Espalier.Training.Finetuning;

namespace Espalier.Pipeline.Tasks;

/// <summary>Changes the paths of a run's data to where the same files lie now.</summary>
public sealed record MovedData
{
    /// <summary>Those of a finetuning run; null where nothing was moved.</summary>
    public Func<FinetuningConfiguration, FinetuningConfiguration>? Labelled { get; init; }

    /// <summary>Those of a translation run; null where nothing was moved.</summary>
    public Func<ParallelCorpus, ParallelCorpus>? Pairs { get; init; }
}
