using Espalier.Compression.Choice;
using Espalier.Engine.Models;
using Espalier.Text.Bitext;
using Espalier.Text.Labelled;
using Espalier.Text.Tokenization;

namespace Espalier.Pipeline.Jobs;

/// <summary>What comes of a job.</summary>
public enum JobProduct
{
    /// <summary>A pretrained encoder.</summary>
    Encoder,

    /// <summary>A classifier of text.</summary>
    Classifier,

    /// <summary>A model that translates.</summary>
    Translator,
}

/// <summary>What the main job is asked for.</summary>
public sealed record JobSettings
{
    /// <summary>The shortest budget that leaves every phase something to do.</summary>
    public static readonly TimeSpan LeastBudget = TimeSpan.FromSeconds(10);

    // A pass over longer sequences costs more in attention than short jobs have; longer examples lose their end.
    private const int LeastTokens = 8, MostTokens = 512;

    /// <summary>Text files to pretrain on; empty takes the training texts.</summary>
    public IReadOnlyList<string> Corpus { get; init; } = [];

    /// <summary>Labelled training set; null makes a pretrained encoder.</summary>
    public string? Train { get; init; }

    /// <summary>Development set, by which models are compared; null draws a tenth of the training set.</summary>
    public string? Development { get; init; }

    /// <summary>Test set, which decides nothing; null for none.</summary>
    public string? Test { get; init; }

    /// <summary>Where texts and labels stand in all three.</summary>
    public LabelledSetOptions Columns { get; init; } = new();

    /// <summary>Pairs to translate; null where nothing is translated.</summary>
    public ParallelCorpus? Translation { get; init; }

    /// <summary>Whether the data are the embedded sample, which is written into the job's folder.</summary>
    public bool Sample { get; init; }

    /// <summary>Wall-clock time of the whole job.</summary>
    public required TimeSpan Budget { get; init; }

    /// <summary>What the package must keep to; bytes are those of its whole folder.</summary>
    public DeploymentLimits Limits { get; init; } = new();

    /// <summary>Tokens of the vocabulary; null chooses by the amount of text and by <see cref="Limits"/>.</summary>
    public int? Vocabulary { get; init; }

    /// <summary>Most tokens of an example; longer ones lose their end, and pairs with a longer side are left out.</summary>
    public int MaximumTokens { get; init; } = 128;

    /// <summary>Bytes allowed for training; null allows three quarters of the machine's.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Seed of everything that is drawn.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Worker threads; 0 takes every core.</summary>
    public int Threads { get; init; }

    /// <summary>The licence that the model card names; null leaves the choice to whoever publishes it.</summary>
    public string? License { get; init; }

    /// <summary>What comes of it.</summary>
    public JobProduct Product => Translation != null ? JobProduct.Translator : Train != null || Sample ? JobProduct.Classifier : JobProduct.Encoder;

    /// <summary>Whether a classifier comes of it.</summary>
    public bool IsClassifier => Product == JobProduct.Classifier;

    /// <summary>Whether a model that translates comes of it.</summary>
    public bool IsTranslator => Product == JobProduct.Translator;

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [.. Columns.Validate(), .. Limits.Validate()];
        faults.Unless(Budget >= LeastBudget, $"a time of {Budget.TotalSeconds:G3} s for the whole job; expected {LeastBudget.TotalSeconds} s or more");
        bool labelled = Train != null || Development != null || Test != null;
        faults.AddRange(Translation?.Validate() ?? []);
        faults.Unless(!IsTranslator || !Sample, "the sample has texts of its own; give pairs to translate, or take the sample");
        faults.Unless(!IsTranslator || Corpus.Count == 0, "translation learns from its pairs alone; leave --corpus out");
        faults.Unless(!IsTranslator || !labelled, "pairs to translate and labelled sets make two different models; leave --train, --dev and --test out, or the pairs");
        faults.Unless(Sample || IsTranslator || Corpus.Count > 0 || Train != null, "neither a corpus nor a training set is given; give one of them, or none at all for the sample");
        faults.Unless(!Sample || (Corpus.Count == 0 && Train == null), "the sample has a corpus and a training set of its own");
        faults.Unless(IsClassifier || IsTranslator || !labelled, "a development or test set without a training set; give the training set too, with --train");
        faults.Unless(Product != JobProduct.Encoder || Limits is { MaxLatency: null, MaxDrop: null },
            "a latency or a drop in accuracy is measured on labelled texts; give a training set, or bound the size alone");
        faults.Unless(Vocabulary is null or >= BpeTrainerOptions.SmallestVocabulary, $"a vocabulary of {Vocabulary}; expected {BpeTrainerOptions.SmallestVocabulary} or more");
        faults.Unless(MaximumTokens is >= LeastTokens and <= MostTokens, $"examples of at most {MaximumTokens} tokens; expected {LeastTokens} to {MostTokens}");
        faults.Unless(!(MemoryBytes < 1), $"{MemoryBytes} bytes of memory allowed; expected more than 0");
        faults.Unless(Threads is >= 0 and <= 1024, $"{Threads} threads; expected 1 to 1024, or 0 for every core");
        return faults;
    }

    /// <summary>Throws where something is wrong with it.</summary>
    /// <exception cref="ConfigurationException">Something is; all of it is listed.</exception>
    internal void ThrowIfWrong() => ConfigurationException.ThrowIfAny("the job", Validate());
}
