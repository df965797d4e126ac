namespace Espalier.Pipeline.Jobs;

/// <summary>The phases of the main job, in their order.</summary>
public enum JobPhase
{
    /// <summary>Texts become a tokenizer and a corpus of token ids.</summary>
    Prepare,

    /// <summary>The machine is measured, and candidate sizes race for the choice.</summary>
    Plan,

    /// <summary>The chosen size goes on from where the race left it; a model that translates is trained for its task at once.</summary>
    Pretrain,

    /// <summary>A classifier is trained from it; no phase of other jobs.</summary>
    Finetune,

    /// <summary>It is pruned, finetuned again and quantized, over a grid.</summary>
    Compress,

    /// <summary>The best that fits is looked for.</summary>
    Choose,

    /// <summary>Its folder is written, and measured.</summary>
    Package,

    /// <summary>The report is drawn.</summary>
    Report,
}
